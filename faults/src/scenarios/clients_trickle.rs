//! Clients that send byte by byte: heads that never end, bodies that take longer than a request may.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::context::Context;
use crate::failure::Failure;
use crate::report::Figures;
use crate::trial::{Expected, Trial, service};

const CLIENTS: usize = 800;
const BYTE_INTERVAL: Duration = Duration::from_millis(250);
/// What a request may take, and what a busy machine may add to it.
const ANSWERED_BY: Duration = Duration::from_secs(10);

const HEAD: &[u8] =
    b"POST /items HTTP/1.1\r\nhost: service\r\ncontent-type: application/json\r\ncontent-length: 60000\r\n";

pub(super) fn run(context: &Context) -> Result<Figures, Failure> {
    let service = service().start()?;
    // Long enough to see bodies answered that take too long.
    let time = context.seconds.max(ANSWERED_BY);
    let expected = Expected::undisturbed(time);
    let mut trial = Trial::begin(context, &service, None, expected)?;
    let (mut sent, mut cut_off) = (0_u64, 0_u64);
    trial.fault(|_| {
        let end = Instant::now() + time;
        let mut clients: Vec<Option<Trickle>> = (0..CLIENTS).map(|_| None).collect();
        while Instant::now() < end {
            for (number, client) in clients.iter_mut().enumerate() {
                let trickle = match client {
                    Some(trickle) => trickle,
                    None => client.insert(Trickle::open(service.address(), number.is_multiple_of(2))?),
                };
                if trickle.is_cut_off()? {
                    cut_off += 1;
                    *client = None;
                } else {
                    trickle.send_byte();
                    sent += 1;
                }
            }
            context.wait(BYTE_INTERVAL)?;
        }
        Ok(())
    })?;
    if cut_off == 0 {
        return Err(Failure::broken("no client that trickles its body was answered"));
    }
    let (mut figures, _) = trial.finish()?;
    figures.remark = format!("{CLIENTS} clients sent {sent} single bytes; {cut_off} bodies were answered with 504");
    Ok(figures)
}

struct Trickle {
    stream: TcpStream,
    /// The body trickles; otherwise the head.
    body: bool,
    opened: Instant,
}

impl Trickle {
    fn open(address: std::net::SocketAddr, body: bool) -> Result<Self, Failure> {
        let mut stream = TcpStream::connect(address).map_err(Failure::system("a slow client's connection"))?;
        let written = stream.write_all(if body {
            HEAD
        } else {
            b"GET /items/1 HTTP/1.1\r\nx-slow: "
        });
        let written = written.and_then(|()| if body { stream.write_all(b"\r\n{") } else { Ok(()) });
        written
            .and_then(|()| stream.set_nonblocking(true))
            .map_err(Failure::system("a slow client's connection"))?;
        Ok(Self {
            stream,
            body,
            opened: Instant::now(),
        })
    }

    fn send_byte(&mut self) {
        // Failing, it has been cut off, which the next look tells.
        let _ = self.stream.write(b" ");
    }

    /// True once it was answered, as a body that takes too long must be.
    fn is_cut_off(&mut self) -> Result<bool, Failure> {
        let mut answer = [0; 512];
        match self.stream.read(&mut answer) {
            Ok(count) => {
                let text = String::from_utf8_lossy(&answer[..count]);
                if self.body && text.starts_with("HTTP/1.1 504 ") {
                    return Ok(true);
                }
                let line = text.lines().next().unwrap_or("the end of the connection");
                Err(Failure::broken(format!("a client that trickles was answered {line:?}")))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if self.body && self.opened.elapsed() > ANSWERED_BY {
                    return Err(Failure::broken("a body that trickles was not answered in time"));
                }
                Ok(false)
            }
            Err(error) => Err(Failure::system("a slow client's connection")(error)),
        }
    }
}
