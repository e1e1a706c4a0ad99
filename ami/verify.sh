#!/usr/bin/env bash
# verify [--image]: what a good monitor host must satisfy, a line each; fails where any of it does not hold. On a running
# host as it is; --image besides demands of an image that nothing of the machine it was built on is left.
set -uo pipefail

readonly library=/usr/local/lib/marketboro
of_image=
case ${1:-} in
    '') ;;
    --image) of_image=1 ;;
    *)
        echo "usage: ${0##*/} [--image]" >&2
        exit 2
        ;;
esac
if ((EUID)); then
    echo "Only root sees all of it: sudo $0" >&2
    exit 2
fi

passed=0 failed=0

# expect WHAT COMMAND...: COMMAND succeeds; what it printed says why it does not.
expect() {
    local what=$1 said
    shift
    if said=$("$@" 2>&1); then
        passed=$((passed + 1))
        return
    fi
    failed=$((failed + 1))
    printf 'MISSED  %s\n' "$what"
    [[ -z $said ]] || awk '{ print "        " $0 }' <<<"${said:0:2000}"
}

# none COMMAND...: it prints nothing, and can be run.
none() {
    local found
    found=$("$@") || return
    [[ -z $found ]] || { head -n 20 <<<"$found" && return 1; }
}

is() { # VALUE COMMAND...
    local value=$1 found
    shift
    found=$("$@" 2>&1)
    [[ $found == "$value" ]] || { echo "expected '$value', found '$found'" && return 1; }
}

manifest=/opt/marketboro/image.json
ask() { # of the manifest
    jq --exit-status --raw-output "$1" "$manifest"
}

# --- Versions ---------------------------------------------------------------------------------------------------------

debian_is_13() {
    # shellcheck disable=SC2016 # the other bash expands it
    is 13 bash -c 'source /etc/os-release && echo "$VERSION_ID"'
}

architecture_fits() {
    case $(uname -m) in
        aarch64) is arm64 ask .architecture ;;
        *) is "$(uname -m)" ask .architecture ;;
    esac
}

packages_fit() {
    local name version found status=0
    while IFS=$'\t' read -r name version; do
        found=$(dpkg-query --show --showformat '${Version}' "$name" 2>/dev/null) || found=none
        # Updates of security may have made it newer.
        dpkg --compare-versions "$found" ge "$version" || { echo "$name: $found, built with $version" && status=1; }
    done < <(ask '.packages | to_entries[] | [.key, .value] | @tsv')
    return "$status"
}

ssm_agent_is_new_enough() {
    dpkg --compare-versions "$(dpkg-query --show --showformat '${Version}' amazon-ssm-agent)" ge 3.3.40.0
}

held() {
    local package holds status=0
    holds=$(apt-mark showhold)
    for package in docker.io docker-cli docker-compose containerd runc amazon-ssm-agent; do
        grep -qx "$package" <<<"$holds" || { echo "$package is not held" && status=1; }
    done
    return "$status"
}

expect 'Debian is 13' debian_is_13
expect 'the manifest names the architecture of this machine' architecture_fits
expect 'packages are at least those of the manifest' packages_fit
expect 'the SSM agent can do without ec2messages' ssm_agent_is_new_enough
expect 'what restarts Docker is held' held
expect 'monitor is of the manifest' is "$(ask .programs.monitor)" "$library/monitor" --version
expect 'loadgen is of the manifest' is "$(ask .programs.loadgen)" loadgen --version
expect 'Docker has its compose plugin' docker compose version

# --- Units ------------------------------------------------------------------------------------------------------------

enabled() {
    local unit status=0
    for unit in marketboro-{stack,boot-report}.service marketboro-{watchdog,doctor,backup}.timer \
        {amazon-ssm-agent,chrony,docker,nftables,unattended-upgrades}.service; do
        systemctl is-enabled --quiet "$unit" || { echo "$unit is not enabled" && status=1; }
    done
    return "$status"
}

masked() {
    local unit status=0
    for unit in ssh.service ssh.socket getty@tty1.service serial-getty@ttyS0.service; do
        is masked systemctl is-enabled "$unit" || status=1
    done
    return "$status"
}

units_are_sound() {
    none bash -c 'systemd-analyze verify --man=no /etc/systemd/system/marketboro-*.* /etc/systemd/system/*.mount 2>&1 |
        grep -E "marketboro" || true'
}

expect 'units of the host are enabled' enabled
expect 'ways to log in are masked' masked
expect 'units are sound' units_are_sound
expect 'the rules of the firewall can be loaded' nft --check --file /etc/nftables.conf
expect 'the configuration of Docker can be read' dockerd --validate --config-file /etc/docker/daemon.json

# --- Ways in ----------------------------------------------------------------------------------------------------------

listening() { # beyond loopback, what is neither the host's nor of the system's addresses
    ss --no-header --listening --tcp --udp --numeric --processes |
        awk '$5 !~ /^(127\.|\[::1\]|\[::ffff:127\.)/ { print }' |
        { grep -vE ":(3000|4317|4318|8086)\s" || true; } |
        # Clients of DHCP and time, and on a machine where an image is built the way in to it.
        { grep -vE '("dhcpcd"|"systemd-network"|"systemd-resolve"|"chronyd")' || true; } |
        if [[ $of_image ]]; then grep -vE '("sshd"|"systemd",pid=1,)' || true; else cat; fi
}

passwords() {
    awk -F: '$2 !~ /^[!*]/ { print $1 }' /etc/shadow
}

keys_of_people() {
    find / -xdev \( -path /proc -o -path /var/lib/docker \) -prune -o -name authorized_keys -size +0 -print
}

people() {
    awk -F: '$3 >= 1000 && $3 < 60000 && $1 != "ssm-user" { print $1 }' /etc/passwd
}

world_writable() {
    find / -xdev \( -path /proc -o -path /sys -o -path /var/lib/docker -o -path /tmp -o -path /var/tmp \) -prune -o \
        \( -type f -perm -0002 -o -type d -perm -0002 ! -perm -1000 \) -print
}

set_user_id() { # what Debian's base has, and nothing else
    find / -xdev \( -path /proc -o -path /var/lib/docker \) -prune -o -type f -perm /6000 -printf '%f\n' |
        grep -vxE 'su|sudo|mount|umount|passwd|chsh|chfn|newgrp|gpasswd|chage|expiry|unix_chkpwd|fusermount3?|ssh-agent|ssh-keysign|dbus-daemon-launch-helper|polkit-agent-helper-1|pkexec|crontab|wall|write|utempter|dotlockfile'
    return 0
}

secrets() { # of the kinds that this host and its build deal with
    grep --recursive --files-with-matches --binary-files=without-match --extended-regexp \
        '(AKIA|ASIA)[0-9A-Z]{16}|-----BEGIN ([A-Z]+ )?PRIVATE KE[Y]-----|AGE-SECRET-KE[Y]-1' \
        /etc /root /home /opt /usr/local /var/tmp /tmp 2>/dev/null |
        grep -vxE '/etc/ssl/private/ssl-cert-snakeoil.key|/etc/ssh/ssh_host_[a-z0-9]+_key'
    return 0
}

expect 'nothing listens that nobody asked for' none listening
expect 'no account has a password' none passwords
expect 'no account has a key' none keys_of_people
expect 'no account is a person' none people
expect 'nothing is writable for everybody' none world_writable
expect 'nothing runs as another user but what Debian has' none set_user_id
expect 'no secret lies about' none secrets

# --- What must be here ------------------------------------------------------------------------------------------------

images_fit() {
    local name id status=0
    while IFS=$'\t' read -r name id; do
        is "$id" docker image inspect --format '{{.Id}}' "$name" || { echo "is what $name is" && status=1; }
    done < <(ask '.images | to_entries[] | [.key, .value.id] | @tsv')
    return "$status"
}

compose_asks_for_no_other_image() {
    local wanted name status=0
    wanted=$(MONITOR_DATA=/var/lib/marketboro docker compose --file /opt/marketboro/monitor/compose.yaml config --images) || return
    while read -r name; do
        jq --exit-status --arg name "$name" '.images | has($name)' "$manifest" >/dev/null ||
            { echo "$name is not in the manifest" && status=1; }
    done <<<"$wanted"
    return "$status"
}

data_folder_is_the_volume_or_closed() {
    mountpoint --quiet /var/lib/marketboro || lsattr -d /var/lib/marketboro | grep -q '^[^ ]*i'
}

doctor_is_content() {
    # Without the volume there is no data folder yet: what the image itself brings is what counts.
    monitor doctor --offline
}

docker_runs() {
    docker version >/dev/null 2>&1 || systemctl start docker.service
}

expect 'Docker runs' docker_runs
expect 'images have the ids of the manifest' images_fit
expect 'compose.yaml asks for no other image' compose_asks_for_no_other_image
expect 'the data folder is the volume, or closed' data_folder_is_the_volume_or_closed
expect 'monitor doctor --offline is content' doctor_is_content

# --- What must not be here, in an image -------------------------------------------------------------------------------

left_of_the_machine() {
    local path
    for path in /etc/marketboro /run/marketboro /root/.ssh /root/.aws /root/.bash_history /var/lib/cloud/instance \
        /var/lib/systemd/random-seed; do
        [[ -e $path ]] && echo "$path"
    done
    [[ -s /etc/machine-id ]] && echo /etc/machine-id
    find /etc/ssh -name 'ssh_host_*'
    find /var/lib/amazon/ssm -name Vault -type d 2>/dev/null
    find /home -mindepth 1 -maxdepth 1
    docker ps --all --quiet
    docker volume ls --quiet
    return 0
}

if [[ $of_image ]]; then
    expect 'nothing of the machine that built it is left' none left_of_the_machine
fi

echo "$passed hold, $failed do not."
((failed == 0))
