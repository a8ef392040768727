# shellcheck shell=bash
# What the scripts share: where the checkout is, and how to get what is
# missing. Sourced, after `set -euo pipefail`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=$(nproc 2>/dev/null || echo 2)
export root jobs

say() {
    printf '%s\n' "$*" >&2
}

die() {
    say "$(basename "$0"): $*"
    exit 1
}

# The packages of the groups, one a line, without those whose command is there.
wanted() {
    local group package command
    while read -r group package command; do
        case " $* " in *" $group "*) ;; *) continue ;; esac
        if [ -n "$command" ] && command -v "$command" >/dev/null; then
            continue
        fi
        printf '%s\n' "$package"
    done < <(grep -v '^#' "$root/scripts/packages")
}

# Those of the arguments that dpkg does not have; one call for all of them.
missing() {
    local have
    have=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" \
        2>/dev/null | awk '$2 == "installed" { print $1 }' || true)
    printf '%s\n' "$@" | grep -vxF -f <(printf '%s\n' "$have") || true
}

# install GROUP…: makes sure that the packages of these groups are there.
install() {
    local list=() lacking=() sudo=()
    mapfile -t list < <(wanted "$@")
    [ "${#list[@]}" -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null; then
        [ -e "$root/build/.packages-are-here" ] && return 0
        die "no apt-get here: install what Debian calls ${list[*]}," \
            "then: mkdir -p build && touch build/.packages-are-here"
    fi
    mapfile -t lacking < <(missing "${list[@]}")
    [ "${#lacking[@]}" -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            die "as root: apt-get install ${lacking[*]}"
        sudo=(sudo)
    fi
    say "installing with apt: ${lacking[*]}"
    "${sudo[@]}" apt-get -qq update </dev/null >&2
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq install -y --no-install-recommends "${lacking[@]}" \
        </dev/null >&2
}

# build PRESET [TARGET]: quiet when it works, everything when it does not.
build() {
    local dir="$root/build/$1" log="$root/build/$1.log"
    local target=("${@:2}")
    mkdir -p "$root/build"
    if [ ! -e "$dir/Makefile" ] && [ ! -e "$dir/build.ninja" ]; then
        say "building build/$1 (the first time takes a while)"
    fi
    if ! { (cd "$root" && cmake --preset "$1") &&
        cmake --build "$dir" --parallel "$jobs" \
            ${target[0]:+--target "${target[@]}"}; } >"$log" 2>&1; then
        cat "$log" >&2
        return 1
    fi
}

# The C files of the checkout, each ended by a NUL byte.
c_files() {
    find "$root/src" "$root/spec" "$root/fuzz" "$root/bench" "$root/cmake" \
        -name node_modules -prune -o -name '*.[ch]' -print0
}
