//! The limits of the system that bound the connections a process may have: open files and local ports.

use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::run_error::RunError;

/// Descriptors a run needs besides its connections: standard streams, outputs, and a few per thread.
const OTHERS: u64 = 128;
/// Where Linux says which local ports outgoing connections may use.
const PORT_RANGE: &str = "/proc/sys/net/ipv4/ip_local_port_range";

/// Raises the limit on open files if the virtual users need it; gives what the user should know about local ports
/// before the load starts.
///
/// `most_vus` is the largest number of virtual users that the run may come to have, each with one connection.
pub(crate) fn allow_connections(most_vus: u32) -> Result<Option<String>, RunError> {
    allow_files(most_vus)?;
    let ports = fs::read_to_string(PORT_RANGE).ok().and_then(|range| ports_in(&range));
    Ok(ports.and_then(|ports| too_few_ports(most_vus, ports)))
}

fn allow_files(vus: u32) -> Result<(), RunError> {
    let needed = u64::from(vus) + OTHERS;
    let limit = getrlimit(Resource::Nofile);
    let enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= needed);
    if enough(limit.current) {
        return Ok(());
    }
    let raised = if enough(limit.maximum) {
        Rlimit {
            current: limit.maximum,
            ..limit
        }
    } else {
        // Only the superuser may raise the hard limit.
        Rlimit {
            current: Some(needed),
            maximum: Some(needed),
        }
    };
    if setrlimit(Resource::Nofile, raised).is_ok() {
        return Ok(());
    }
    let limit = limit.maximum.or(limit.current).unwrap_or(0);
    Err(RunError::TooFewFiles { vus, needed, limit })
}

/// How many ports a range has, given as its first and its last, e.g. `32768 60999`.
fn ports_in(range: &str) -> Option<u32> {
    let mut bounds = range.split_whitespace().map(str::parse::<u32>);
    let (first, last) = (bounds.next()?.ok()?, bounds.next()?.ok()?);
    last.checked_sub(first)?.checked_add(1)
}

fn too_few_ports(vus: u32, ports: u32) -> Option<String> {
    (vus > ports).then(|| {
        format!(
            "{vus} virtual users need as many local ports for a target with one address, and the system has {ports}: widen \
             net.ipv4.ip_local_port_range, or use several generators (--segment)"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_users_than_ports_are_worth_a_note() {
        assert_eq!(ports_in("32768\t60999\n"), Some(28_232));
        assert_eq!(ports_in(""), None);
        assert_eq!(ports_in("5 1"), None);
        assert!(too_few_ports(28_232, 28_232).is_none());
        assert!(too_few_ports(30_000, 28_232).is_some_and(|note| note.contains("ip_local_port_range")));
    }

    #[test]
    fn a_few_users_need_nothing() {
        assert!(matches!(allow_connections(1), Ok(None)));
    }
}
