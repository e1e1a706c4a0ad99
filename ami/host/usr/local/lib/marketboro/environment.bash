# shellcheck shell=bash
# Sourced by programs of the host: what the host was told, what its boot found out, what its image says. Files of
# NAME=value lines, the first that says a name wins; a variable of the environment wins over all of them.

environment_files=(
    /etc/marketboro/monitor.env
    /run/marketboro/instance.env
    /usr/local/lib/marketboro/host.env
)

# Lines are read, never evaluated: user data is no script.
read_environment() {
    local file name value
    for file in "${environment_files[@]}"; do
        [[ -r $file ]] || continue
        while IFS='=' read -r name value || [[ -n $name ]]; do
            [[ $name =~ ^[A-Z][A-Z0-9_]*$ && ! -v $name ]] || continue
            export "$name=$value"
        done <"$file"
    done
}

# require NAME...: fails with a sentence where one of them is not set.
require() {
    local name
    for name in "$@"; do
        [[ -n ${!name:-} ]] && continue
        echo "$name is not set: it belongs in ${environment_files[0]}, which cloud-init writes from the instance's user data." >&2
        echo "The launch template of Terraform's module monitor-host has it; 'cloud-init status --long' says what cloud-init did." >&2
        return 1
    done
}
