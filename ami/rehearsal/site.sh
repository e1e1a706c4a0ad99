# shellcheck shell=bash
# Sourced by machine and aws-double: the names of what belongs to one rehearsal, all derived from its folder, so that
# rehearsals run beside each other and what one left behind is found by name alone.

if ((EUID != 0)); then
    echo "The rehearsal makes namespaces and mounts, and needs root." >&2
    exit 1
fi
if [[ -z ${REHEARSAL_HOME:-} || ! -d $REHEARSAL_HOME ]]; then
    echo "REHEARSAL_HOME must name a folder: what the rehearsal's machines and volumes are kept in." >&2
    exit 1
fi
site=$(realpath "$REHEARSAL_HOME")
site_name=$(sha256sum <<<"$site")
site_name=rehearsal-${site_name:0:8}

# The network that stands for the VPC: one bridge in a network namespace of its own, with no way out.
vpc_namespace=$site_name
# shellcheck disable=SC2034 # used by those who source this
{
    vpc_router=10.20.0.1
    aws_address=10.20.0.2
    aws_port=5000
}

# The cgroup of all of the rehearsal's machines: in the unified hierarchy, wherever that is mounted.
if [[ -f /sys/fs/cgroup/cgroup.controllers ]]; then
    cgroup=/sys/fs/cgroup/$site_name
else
    # shellcheck disable=SC2034
    cgroup=/sys/fs/cgroup/unified/$site_name
fi
# Where this is mounted, what a machine may open is limited to its own devices. Elsewhere its /dev has no others.
# shellcheck disable=SC2034
device_cgroup=/sys/fs/cgroup/devices/$site_name

in_vpc() {
    nsenter --net="/run/netns/$vpc_namespace" -- "$@"
}

# Idempotent, for a machine is of use without AWS as well.
make_vpc() {
    [[ -e /run/netns/$vpc_namespace ]] && return
    ip netns add "$vpc_namespace"
    ip -n "$vpc_namespace" link set lo up
    ip -n "$vpc_namespace" link add vpc type bridge
    ip -n "$vpc_namespace" link set vpc up
    ip -n "$vpc_namespace" address add "$vpc_router/16" dev vpc
    ip -n "$vpc_namespace" address add "$aws_address/16" dev vpc
    ip -n "$vpc_namespace" address add 169.254.169.254/32 dev vpc
    ip -n "$vpc_namespace" address add 169.254.169.123/32 dev vpc
}
