//! Bodies of 1 GB: refused early, and never held in memory.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::side_by_side;
use crate::context::Context;
use crate::failure::Failure;
use crate::report::Figures;
use crate::trial::{Expected, Trial, service};

const BODY: usize = 1 << 30;
/// What the service reads of a refused body, and what is in buffers on the way.
const MOST_SENT: usize = 32 << 20;
/// By which memory may grow.
const MOST_MEMORY: u64 = 64 << 20;
const CLIENTS: u64 = 4;
const CHUNK: usize = 64 << 10;
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn run(context: &Context) -> Result<Figures, Failure> {
    let service = service().start()?;
    let expected = Expected::undisturbed(context.seconds);
    let mut trial = Trial::begin(context, &service, None, expected)?;
    let before = trial.memory_peak();
    let (mut bodies, mut most) = (0, 0);
    trial.fault(|_| {
        let end = Instant::now() + context.seconds;
        let client = |number: u64| send_many(context, service.address(), number.is_multiple_of(2), end);
        for sent in side_by_side(CLIENTS, client)? {
            bodies += sent.len();
            most = most.max(sent.into_iter().max().unwrap_or(0));
        }
        Ok(())
    })?;
    let grown = trial.memory_peak().saturating_sub(before);
    if grown > MOST_MEMORY {
        return Err(Failure::broken(format!("memory grew by {} MiB", grown >> 20)));
    }
    let (mut figures, _) = trial.finish()?;
    figures.remark = format!(
        "{bodies} bodies of 1 GB were refused with 413, each after {} KiB at most; memory grew by {} MiB",
        most >> 10,
        grown >> 20
    );
    Ok(figures)
}

/// Sends one after the other; how much of each was taken.
fn send_many(context: &Context, address: SocketAddr, chunked: bool, end: Instant) -> Result<Vec<usize>, Failure> {
    let mut all = Vec::new();
    while Instant::now() < end {
        let sent = send(address, chunked).map_err(Failure::system("a client with a body of 1 GB"))??;
        if sent > MOST_SENT {
            return Err(Failure::broken(format!(
                "{} MiB of a refused body were taken",
                sent >> 20
            )));
        }
        all.push(sent);
        context.wait(Duration::from_millis(50))?;
    }
    Ok(all)
}

/// Sends until there is an answer or the connection ends.
fn send(address: SocketAddr, chunked: bool) -> io::Result<Result<usize, Failure>> {
    let mut stream = TcpStream::connect(address)?;
    let framing = match chunked {
        true => "transfer-encoding: chunked".to_owned(),
        false => format!("content-length: {BODY}"),
    };
    let head = format!("POST /items HTTP/1.1\r\nhost: service\r\ncontent-type: application/json\r\n{framing}\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    let mut chunk = vec![b' '; CHUNK];
    if chunked {
        chunk = [format!("{CHUNK:x}\r\n").as_bytes(), &chunk, b"\r\n"].concat();
    }
    stream.set_nonblocking(true)?;
    let (begin, mut sent, mut at) = (Instant::now(), 0, 0);
    let mut answer = [0; 512];
    while sent < BODY {
        match stream.read(&mut answer) {
            Ok(0) => return Ok(Err(Failure::broken("a body of 1 GB was cut off without an answer"))),
            Ok(count) => {
                let text = String::from_utf8_lossy(&answer[..count]);
                if text.starts_with("HTTP/1.1 413 ") {
                    return Ok(Ok(sent));
                }
                let line = text.lines().next().unwrap_or_default();
                return Ok(Err(Failure::broken(format!("a body of 1 GB was answered {line:?}"))));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        match stream.write(&chunk[at..]) {
            Ok(count) => {
                sent += count;
                at = (at + count) % chunk.len();
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(Duration::from_millis(1)),
            // The answer may be there to be read.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            Err(error) => return Err(error),
        }
        if begin.elapsed() > PATIENCE {
            return Ok(Err(Failure::broken("a body of 1 GB was not answered in time")));
        }
    }
    Ok(Err(Failure::broken("a body of 1 GB was taken")))
}
