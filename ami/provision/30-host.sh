#!/usr/bin/env bash
# The host's own programs, configuration and units.
set -euo pipefail
: "${PAYLOAD:?folder that ami/payload filled}"

install -d -m 0755 /usr/local/lib/marketboro /opt/marketboro
install -m 0755 "$PAYLOAD/bin/monitor" /usr/local/lib/marketboro/monitor
install -m 0755 "$PAYLOAD/bin/loadgen" /usr/local/bin/loadgen

# Whole folders: what is no longer there goes.
for folder in monitor grafana-provisioning; do
    rm -rf "/opt/marketboro/$folder"
    cp --recursive --no-preserve=ownership "$PAYLOAD/$folder" "/opt/marketboro/$folder"
done
chmod --recursive u=rwX,go=rX /opt/marketboro

while IFS= read -r -d '' file; do
    mode=0644
    [[ ! -x $PAYLOAD/host/$file ]] || mode=0755
    install -D --owner root --group root --mode "$mode" "$PAYLOAD/host/$file" "/$file"
done < <(cd "$PAYLOAD/host" && find . -type f -printf '%P\0')
install -D -m 0755 "$PAYLOAD/verify.sh" /usr/local/lib/marketboro/verify

# Where the data volume is mounted. While it is not, nobody writes there, root included.
mountpoint --quiet /var/lib/marketboro || {
    install -d -m 0000 /var/lib/marketboro
    chattr +i /var/lib/marketboro
}

systemctl daemon-reload || true
systemctl enable chrony.service docker.service nftables.service unattended-upgrades.service \
    marketboro-stack.service marketboro-boot-report.service \
    marketboro-watchdog.timer marketboro-doctor.timer marketboro-backup.timer
