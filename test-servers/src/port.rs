//! Ports for servers to listen on.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Mutex, PoisonError};

/// Below the ports that operating systems give to outgoing connections, so that a server that is down finds its ports
/// still free when it is started again.
const RANGE: std::ops::Range<u16> = 12_000..32_000;

/// Ports this process has given out; a server that is being started may not have taken its own yet.
static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A port of 127.0.0.1 that nothing listens on now and that no other server of this process has.
pub fn free() -> io::Result<u16> {
    for _ in 0..1000 {
        let port = fastrand::u16(RANGE);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
            if given.insert(port) {
                return Ok(port);
            }
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

/// True if something listens there.
pub(crate) fn is_open(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}
