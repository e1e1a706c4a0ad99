# shellcheck shell=bash
# Sourced by the scripts beside it that get a tool once and keep it outside the checkout.

cache_root="${XDG_CACHE_HOME:-$HOME/.cache}/marketboro"
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# install_once NAME VERSION BUILD [ARGUMENT...]: sets installed_at to the folder that BUILD filled, and calls BUILD with
# an empty folder, VERSION and the arguments when there is none yet. The folder gets its final name only when BUILD is
# done, so that an interrupted install leaves nothing that looks complete; the lock makes a second caller wait for the
# first.
install_once() {
    local name=$1 version=$2 build=$3
    shift 3
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
        "$build" "$partial" "$version" "$@" >&2
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

# could_not_get WHAT SOURCE: why a build ends.
could_not_get() {
    echo "$1 could not be had: the lines above say why. It comes from $2 and needs the network once." >&2
    return 1
}

# A build for install_once: PACKAGE of PyPI, which needs no other.
from_pypi() { # FOLDER VERSION PACKAGE
    echo "Getting $3 $2 from PyPI, once."
    "$tools/packages" pip3
    pip3 install --quiet --disable-pip-version-check --root-user-action ignore --no-deps --target "$1" "$3==$2" </dev/null ||
        could_not_get "$3" PyPI
}

# A build for install_once: the program MODULE.
from_go_modules() { # FOLDER VERSION MODULE
    echo "Building $3 $2 from Go modules; this takes some minutes, once."
    "$tools/packages" go
    GOBIN=$1 CGO_ENABLED=0 GOFLAGS="${GOFLAGS:-} -p=2" go install -trimpath -ldflags='-s -w' "$3@v$2" </dev/null ||
        could_not_get "$3" "the Go module proxy"
}

# A build for install_once: the program CRATE.
from_crates_io() { # FOLDER VERSION CRATE
    echo "Building $3 $2 from crates.io; this takes a few minutes, once."
    CARGO_TARGET_DIR=$1/build cargo install --quiet --locked --root "$1" --version "$2" "$3" || could_not_get "$3" crates.io
    rm -rf "$1/build"
}

# install_environment NAME CONSTRAINTS PACKAGE...: install_once for an environment of Python with these packages of PyPI
# and their dependencies, in the versions of the file CONSTRAINTS. Its programs are modules of $installed_at/bin/python:
# those in bin/ name the folder that this one had while it was filled.
install_environment() {
    # Some packages are compiled for one version of Python.
    local python
    python=$(python3 -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
    install_once "$1" "$(manifest_hash "$2" <(printf '%s\n' "${@:3}"))-$python" fill_environment "${@:2}"
}

fill_environment() { # FOLDER VERSION CONSTRAINTS PACKAGE...
    echo "Getting ${*:4} and all dependencies from PyPI; this takes a minute, once."
    "$tools/packages" python3-venv
    {
        python3 -m venv "$1" &&
            "$1/bin/pip" install --quiet --disable-pip-version-check --constraint "$3" "${@:4}"
    } </dev/null || could_not_get "${*:4}" PyPI
}
