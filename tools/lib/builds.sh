# builds - build trees of meson. To be sourced by bash, with ROOT set to the repository.
# shellcheck shell=bash

# build_target TARGET DIR [MESON OPTION...]: have TARGET built in the tree DIR; a second one waits
# for the first.
build_target() {
    local target=$1 dir=$2
    shift 2
    mkdir -p "$dir"
    (
        flock 9
        if [ ! -f "$dir/build.ninja" ]; then
            meson setup "$dir" "$ROOT" "$@" || exit
        fi
        ninja -C "$dir" "$target"
    ) 9>"$dir/.lock" </dev/null
}

# build_tree DIR [MESON OPTION...]: everything.
build_tree() { build_target all "$@"; }

# build_program DIR [MESON OPTION...]: the program alone, without tests.
build_program() { build_target shardward "$@"; }
