# shellcheck shell=bash
# Sourced by the scripts beside it that get a tool once and keep it outside the checkout.

cache_root="${XDG_CACHE_HOME:-$HOME/.cache}/marketboro"

# install_once NAME VERSION BUILD: sets installed_at to the folder that BUILD filled, and calls BUILD with an
# empty folder when there is none yet. The folder gets its final name only when BUILD is done, so that an
# interrupted install leaves nothing that looks complete; the lock makes a second caller wait for the first.
install_once() {
    local name=$1 version=$2 build=$3
    installed_at=$cache_root/$name-$version
    [[ -d $installed_at ]] && return

    if ! command -v flock >/dev/null; then
        echo "flock is missing. Get it with: apt-get install util-linux (Debian) or brew install flock (macOS)." >&2
        return 1
    fi
    mkdir -p "$cache_root"
    exec 9>"$cache_root/.$name-$version.lock"
    flock 9
    if [[ ! -d $installed_at ]]; then
        local partial=$cache_root/.$name-$version.partial
        rm -rf "$partial"
        mkdir "$partial"
        "$build" "$partial" "$version" >&2
        mv "$partial" "$installed_at"
    fi
    exec 9>&-
}

# manifest_hash FILE...: prints a short hash of what the files hold, so that a changed manifest is a new version.
manifest_hash() {
    local sum
    if command -v sha256sum >/dev/null; then
        sum=$(cat "$@" | sha256sum)
    else
        sum=$(cat "$@" | shasum -a 256)
    fi
    echo "${sum:0:12}"
}
