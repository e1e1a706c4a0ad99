#!/usr/bin/env bash
# What a machine must not hand on to those that are made from it.
set -euo pipefail
: "${PAYLOAD:?folder that ami/payload filled}"

# Before the payload goes.
jq --arg base "${BASE_IMAGE:-unknown}" --arg built_at "$(date --utc +%FT%TZ)" \
    --argjson packages "$(dpkg-query --show --showformat '${Package} ${Version}\n' \
        amazon-ssm-agent awscli chrony cloud-init containerd docker-compose docker.io runc systemd 2>/dev/null |
        jq --raw-input --null-input '[inputs | split(" ") | { (.[0]): .[1] }] | add')" \
    '. + { base_image: $base, built_at: $built_at, packages: $packages }' \
    "$PAYLOAD/payload.json" >/opt/marketboro/image.json.new
chmod 0644 /opt/marketboro/image.json.new
mv /opt/marketboro/image.json.new /opt/marketboro/image.json

docker container prune --force >/dev/null
docker volume prune --all --force >/dev/null
docker builder prune --all --force >/dev/null 2>&1 || true
systemctl stop docker.service docker.socket containerd.service 2>/dev/null || true

# People and their keys. Those that build the image are gone with it.
while IFS=: read -r user _ uid _ _ home _; do
    if ((uid >= 1000 && uid < 60000)); then
        userdel --force --remove "$user" 2>/dev/null || rm -rf "$home"
    fi
done < <(getent passwd)
rm -f /etc/sudoers.d/90-cloud-init-users
rm -rf /root/.ssh /root/.aws /root/.docker /root/.cache /root/.config
rm -f /etc/ssh/ssh_host_* /root/.*history /root/.wget-hsts /root/.lesshst

# What cloud-init did on this machine, and who it was.
cloud-init clean --logs --seed --machine-id 2>/dev/null || cloud-init clean --logs --seed
truncate --size 0 /etc/machine-id
rm -f /var/lib/dbus/machine-id /var/lib/systemd/random-seed /etc/hostname
rm -rf /var/lib/amazon/ssm/* /var/log/amazon/ssm/* /etc/marketboro /run/marketboro
rm -f /var/lib/dhcp/* /var/lib/dhcpcd/* /etc/netplan/50-cloud-init.yaml

apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin
find /var/log -type f \( -name '*.gz' -o -name '*.1' -o -name '*.old' -o -name '*.journal*' \) -delete
find /var/log -type f -exec truncate --size 0 {} +
find /tmp /var/tmp -mindepth 1 -maxdepth 1 ! -path "$PAYLOAD" ! -name 'systemd-private-*' -exec rm -rf {} +
[[ ${KEEP_PAYLOAD:-} ]] || rm -rf "$PAYLOAD"

# What was deleted does not stay readable in the snapshot.
fstrim / 2>/dev/null || true
sync
