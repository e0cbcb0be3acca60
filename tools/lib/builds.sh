# builds - build trees of meson. To be sourced by bash, with ROOT set to the repository.
# shellcheck shell=bash

# build_tree DIR [MESON OPTION...]: make DIR a built tree; a second one waits for the first.
build_tree() {
    local dir=$1
    shift
    mkdir -p "$dir"
    (
        flock 9
        if [ ! -f "$dir/build.ninja" ]; then
            meson setup "$dir" "$ROOT" "$@" || exit
        fi
        ninja -C "$dir"
    ) 9>"$dir/.lock" </dev/null
}
