#!/usr/bin/env bash
# Debian's packages: everything up to date, and what the host needs. Nothing that they recommend.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

apt_get() {
    apt-get --quiet --quiet --yes --no-install-recommends \
        --option DPkg::Lock::Timeout=300 --option Acquire::Retries=5 \
        --option Dpkg::Options::=--force-confold --option Dpkg::Use-Pty=0 "$@"
}

# What runs at boot may be at it; its lock is waited for, its list is not trusted.
if command -v cloud-init >/dev/null && systemctl is-system-running >/dev/null 2>&1; then
    cloud-init status --wait >/dev/null || true
fi

apt_get update
apt_get full-upgrade
apt_get install \
    awscli ca-certificates chrony cloud-init curl e2fsprogs iptables jq libcap2-bin nftables unattended-upgrades zstd \
    docker.io docker-cli docker-compose containerd runc
# A restart of Docker is a restart of everything: it comes with a new image.
apt-mark hold docker.io docker-cli docker-compose containerd runc >/dev/null
