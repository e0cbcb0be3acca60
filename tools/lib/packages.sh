# packages - Debian packages, installed only when missing. To be sourced by bash.
# shellcheck shell=bash disable=SC2034

BUILD_PACKAGES=(gcc libc6-dev meson ninja-build pkg-config libuv1-dev libpq-dev libyaml-dev
    libxxhash-dev libmicrohttpd-dev libpg-query-dev libssl-dev postgresql-server-dev-15 libcmocka-dev)
RUN_PACKAGES=(python3 python3-psycopg postgresql-15 postgresql-client-15)
TEST_PACKAGES=(clang clang-tidy clang-format libclang-rt-14-dev shellcheck iproute2 e2fsprogs
    python3-asyncpg python3-psycopg2 python3-sqlalchemy python3-greenlet python3-django
    libpostgresql-jdbc-java default-jdk-headless libdbd-pg-perl php-cli php-pgsql ruby-pg
    golang-go golang-github-lib-pq-dev golang-github-jackc-pgx-v4-dev)
# A node of another origin brings its npm, and would leave for Debian's.
command -v npm >/dev/null || TEST_PACKAGES+=(nodejs npm)
BENCH_PACKAGES=(pgbouncer haproxy pgpool2 strace)

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

# Debian's packages start a server of their own on their first installation: postgresql-15 a
# cluster, the proxies a service. Ours are the only ones wanted: forbid that while we install.
NO_MAIN_CLUSTER=/etc/postgresql-common/createcluster.d/shardward-tools.conf
NO_SERVICES=/usr/sbin/policy-rc.d

install_packages() {
    local missing status=0 policy=''
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "installing: ${missing[*]}"
    as_root mkdir -p "$(dirname "$NO_MAIN_CLUSTER")"
    echo 'create_main_cluster = false' | as_root tee "$NO_MAIN_CLUSTER" >/dev/null
    if [ ! -e "$NO_SERVICES" ]; then
        policy=$NO_SERVICES
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y \
            --no-install-recommends "${missing[@]}"; } </dev/null >&2 || status=$?
    as_root rm -f "$NO_MAIN_CLUSTER" ${policy:+"$policy"}
    as_root rmdir --ignore-fail-on-non-empty "$(dirname "$NO_MAIN_CLUSTER")"
    no_services_at_boot "${missing[@]}"
    return $status
}

# no_services_at_boot PACKAGE...: what was not there before is not started by the next boot either.
no_services_at_boot() {
    local package
    [ -d /run/systemd/system ] || return 0
    for package in "$@"; do
        case $package in
            pgbouncer | haproxy | pgpool2) as_root systemctl -q disable "$package" || true ;;
        esac
    done
}
