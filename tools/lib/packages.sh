# packages - Debian packages, installed only when missing. To be sourced by bash.

BUILD_PACKAGES=(gcc libc6-dev meson ninja-build pkg-config libuv1-dev libpq-dev libyaml-dev
    libxxhash-dev libpg-query-dev libssl-dev postgresql-server-dev-15 libcmocka-dev)
RUN_PACKAGES=(python3 python3-psycopg postgresql-15 postgresql-client-15)
TEST_PACKAGES=(clang clang-tidy clang-format libclang-rt-14-dev python3-asyncpg libpostgresql-jdbc-java
    default-jdk-headless)

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -n "$@" || sudo "$@"
    else
        echo "root or sudo is needed for: $*" >&2
        return 1
    fi
}

missing_packages() {
    local package
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' ||
            echo "$package"
    done
}

# Debian's postgresql-15 creates and starts a cluster of its own on its first installation.
# Ours are the only ones wanted: forbid that while we install.
NO_MAIN_CLUSTER=/etc/postgresql-common/createcluster.d/shardward-tools.conf

install_packages() {
    local missing status=0
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "installing: ${missing[*]}"
    as_root mkdir -p "$(dirname "$NO_MAIN_CLUSTER")"
    echo 'create_main_cluster = false' | as_root tee "$NO_MAIN_CLUSTER" >/dev/null
    { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y \
            --no-install-recommends "${missing[@]}"; } </dev/null >&2 || status=$?
    as_root rm -f "$NO_MAIN_CLUSTER"
    as_root rmdir --ignore-fail-on-non-empty "$(dirname "$NO_MAIN_CLUSTER")"
    return $status
}
