//! Whether the collector answers on both of its ports.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::context::Context;
use super::verdict::{Fault, Stop, Verdict};
use crate::otlp::SERVICE;
use crate::settings::OTLP_GRPC_PORT;

/// How HTTP/2 begins without TLS (RFC 9113, 3.4), with an empty SETTINGS frame.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// Bytes of the head of an HTTP/2 frame.
const FRAME_HEAD: usize = 9;
/// Type of the frame that a server sends first.
const SETTINGS: u8 = 4;

pub(super) async fn http(context: Arc<Context>) -> Result<Verdict, Stop> {
    let otlp = context.otlp_or_fault().await?;
    Ok(Verdict::ok(format!("answers at {}", otlp.url())))
}

pub(super) async fn grpc(context: Arc<Context>) -> Result<Verdict, Stop> {
    let settings = context.settings();
    let address = settings
        .reachable_address()
        .and_then(|address| Ok(SocketAddr::new(address, settings.port(OTLP_GRPC_PORT)?)))
        .map_err(|error| Fault::failed(error.to_string(), "correct settings.env; see the check settings"))?;
    let answer = timeout(context.patience(), greet(address)).await;
    let answer = answer.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "it says nothing")));
    match answer {
        Ok(()) => Ok(Verdict::ok(format!("answers at {address}"))),
        Err(error) => Err(Fault::failed(
            format!("{SERVICE} takes no OTLP over gRPC at {address} ({error})"),
            format!(
                "see whether it runs (`monitor status`, `monitor logs {SERVICE}`) and whether something else holds the \
                 port (ss -ltn)"
            ),
        )
        .into()),
    }
}

/// A listening socket accepts on behalf of a program that hangs, so the program itself must say something.
async fn greet(address: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(PREFACE).await?;
    let mut head = [0_u8; FRAME_HEAD];
    stream.read_exact(&mut head).await?;
    if head[3] == SETTINGS {
        Ok(())
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "what answers there is no gRPC server",
        ))
    }
}
