//! Asking a running service for its health, as a container without a shell has to: `service --check-health`.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// For everything: less than a container's health check usually gets.
const TIMEOUT: Duration = Duration::from_secs(3);

/// `HTTP/1.1 200`: as much of the answer as is needed.
const STATUS_LINE: usize = 12;

/// Why the service is not known to be healthy.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum HealthCheckError {
    #[error("the service on {address} does not answer ({cause}); is it running, with the same --listen / LISTEN_ADDR?")]
    NoAnswer { address: SocketAddr, cause: io::Error },
    #[error("the service on {address} answered {answer:?} instead of 200; its log says why")]
    Unhealthy { address: SocketAddr, answer: String },
}

/// Asks the service that listens on `address` for `/healthz`.
///
/// # Errors
/// When it does not answer 200 within three seconds.
pub fn ask(address: SocketAddr) -> Result<(), HealthCheckError> {
    let address = reachable(address);
    let status = status_line(address).map_err(|cause| HealthCheckError::NoAnswer { address, cause })?;
    if status.ends_with(" 200") {
        Ok(())
    } else {
        Err(HealthCheckError::Unhealthy {
            address,
            answer: status,
        })
    }
}

/// From this host: what listens on every address listens on the loopback one.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn status_line(address: SocketAddr) -> io::Result<String> {
    let deadline = Instant::now() + TIMEOUT;
    let mut connection = TcpStream::connect_timeout(&address, TIMEOUT)?;
    connection.set_write_timeout(Some(TIMEOUT))?;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes())?;
    let mut received = Vec::new();
    let mut buffer = [0; STATUS_LINE];
    while received.len() < STATUS_LINE {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        connection.set_read_timeout(Some(left))?;
        match connection.read(&mut buffer[..STATUS_LINE - received.len()]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => received.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(io::ErrorKind::TimedOut.into()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(String::from_utf8_lossy(&received).into_owned())
}
