//! The limit on open files, which bounds the connections a process may have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::run_error::RunError;

/// Descriptors a run needs besides its connections: standard streams, outputs, and a few per thread.
const OTHERS: u64 = 128;

/// Raises the soft limit if the virtual users need it.
pub(crate) fn allow_connections(vus: u32) -> Result<(), RunError> {
    let needed = u64::from(vus) + OTHERS;
    let limit = getrlimit(Resource::Nofile);
    let enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= needed);
    if enough(limit.current) {
        return Ok(());
    }
    if enough(limit.maximum) {
        let raised = Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            return Ok(());
        }
    }
    let limit = limit.maximum.or(limit.current).unwrap_or(0);
    Err(RunError::TooFewFiles { vus, needed, limit })
}
