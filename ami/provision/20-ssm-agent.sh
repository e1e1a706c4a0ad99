#!/usr/bin/env bash
# The agent by which people and workflows reach the host: no port is open for it.
set -euo pipefail
: "${PAYLOAD:?folder that ami/payload filled}"

# Older ones need ec2messages, for which the network has no endpoint.
readonly oldest=3.3.40.0
package=$PAYLOAD/packages/amazon-ssm-agent.deb

[[ $(dpkg-deb --field "$package" Package) == amazon-ssm-agent ]] || {
    echo "$package is not the package amazon-ssm-agent." >&2
    exit 1
}
version=$(dpkg-deb --field "$package" Version)
if dpkg --compare-versions "$version" lt "$oldest"; then
    echo "amazon-ssm-agent $version is too old: $oldest or newer is needed." >&2
    exit 1
fi
installed=$(dpkg-query --show --showformat '${Version}' amazon-ssm-agent 2>/dev/null || true)
[[ $installed == "$version" ]] || DEBIAN_FRONTEND=noninteractive dpkg --install "$package"
apt-mark hold amazon-ssm-agent >/dev/null
systemctl enable amazon-ssm-agent.service
# It would register the machine that the image is built on.
systemctl stop amazon-ssm-agent.service || true
