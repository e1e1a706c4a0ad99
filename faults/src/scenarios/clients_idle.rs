//! Ten thousand connections that do nothing: half of them never sent a byte.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use rustix::process::{Resource, getrlimit};

use crate::context::Context;
use crate::failure::Failure;
use crate::report::Figures;
use crate::trial::{Expected, Trial, service};

const CONNECTIONS: usize = 10_000;
/// Files that this process has open besides.
const OTHER_FILES: u64 = 500;
const REQUEST: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: service\r\n\r\n";

pub(super) fn run(context: &Context) -> Result<Figures, Failure> {
    let files = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    if files < CONNECTIONS as u64 + OTHER_FILES {
        return Err(Failure::broken(format!(
            "{CONNECTIONS} connections need more open files than {files}; raise the hard limit (ulimit -Hn)"
        )));
    }
    let service = service().start()?;
    let expected = Expected::undisturbed(context.seconds);
    let mut trial = Trial::begin(context, &service, None, expected)?;
    let before = trial.memory_peak();
    trial.fault(|_| {
        let mut idle = Vec::with_capacity(CONNECTIONS);
        for number in 0..CONNECTIONS {
            let mut stream = TcpStream::connect(service.address()).map_err(Failure::system("an idle connection"))?;
            if number.is_multiple_of(2) {
                let mut answer = [0; 512];
                let exchanged = stream.write_all(REQUEST).and_then(|()| stream.read(&mut answer));
                exchanged.map_err(Failure::system("an idle connection"))?;
            }
            idle.push(stream);
            if number % 100 == 0 {
                context.wait(Duration::ZERO)?;
            }
        }
        context.say(format_args!("{} connections are open", idle.len()));
        context.wait(context.seconds)
    })?;
    let grown = trial.memory_peak().saturating_sub(before) / CONNECTIONS as u64;
    let (mut figures, _) = trial.finish()?;
    figures.remark = format!("{grown} bytes of memory for each of {CONNECTIONS} connections");
    Ok(figures)
}
