//! Connections that are reset (RST) in the middle of a head, a body, a request in work, an answer.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;

use super::side_by_side;
use crate::connection::request;
use crate::context::Context;
use crate::failure::Failure;
use crate::report::Figures;
use crate::trial::{Expected, Trial, service};

const CLIENTS: u64 = 4;

pub(super) fn run(context: &Context) -> Result<Figures, Failure> {
    let service = service().start()?;
    let expected = Expected::undisturbed(context.seconds);
    let mut trial = Trial::begin(context, &service, None, expected)?;
    let mut resets = 0;
    trial.fault(|_| {
        let end = Instant::now() + context.seconds;
        let client = |number| {
            let mut random = context.random(100 + number);
            let mut resets = 0;
            while Instant::now() < end {
                reset_one(service.address(), &mut random).map_err(Failure::system("a client that resets"))?;
                resets += 1;
                context.wait(Duration::from_millis(2))?;
            }
            Ok::<u64, Failure>(resets)
        };
        resets = side_by_side(CLIENTS, client)?.into_iter().sum::<u64>();
        Ok(())
    })?;
    let (mut figures, _) = trial.finish()?;
    figures.remark = format!("{resets} connections were reset");
    Ok(figures)
}

fn reset_one(address: SocketAddr, random: &mut fastrand::Rng) -> io::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    // Closing it sends RST and throws away what is under way.
    SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
    let id = format!("reset-{:08x}", random.u32(..));
    let body = format!(r#"{{"id":"{id}","name":"{}"}}"#, "n".repeat(500));
    let trace_id = format!("{:032x}", random.u128(1..));
    let bytes = match random.u8(0..3) {
        0 => request("GET", "/items?limit=1000", "", &trace_id),
        _ => request("POST", "/items", &body, &trace_id),
    };
    let part = random.usize(1..=bytes.len());
    // The whole request in half of the cases, so that it is being worked on.
    let part = if random.bool() { bytes.len() } else { part };
    stream.write_all(&bytes[..part])?;
    if part == bytes.len() && random.bool() {
        // In the middle of the answer.
        let mut some = [0; 40];
        stream.set_read_timeout(Some(Duration::from_millis(20)))?;
        let _ = stream.read(&mut some);
    }
    thread::sleep(Duration::from_micros(random.u64(0..3000)));
    Ok(())
}
