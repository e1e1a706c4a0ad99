//! Finding the addresses to connect to, at the start of a run and again while it lasts.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use crate::interrupt::Interrupt;
use crate::run_error::RunError;
use crate::transport::ResolveEntry;

/// How often an interrupt is looked for meanwhile.
const TICK: Duration = Duration::from_millis(50);
/// How often a name is looked up again: balancers in clouds change their addresses while they grow.
const REFRESH: Duration = Duration::from_secs(30);

/// The addresses of a host, kept up to date for as long as somebody holds them.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    shared: Arc<RwLock<Arc<[SocketAddr]>>>,
    /// Its other end is the thread that keeps the addresses up to date, and ends when the last holder is gone.
    _held: Option<mpsc::Sender<()>>,
}

impl Addresses {
    fn fixed(addresses: Vec<SocketAddr>) -> Self {
        Self {
            shared: Arc::new(RwLock::new(addresses.into())),
            _held: None,
        }
    }

    /// The addresses as of the last look; only connecting asks.
    pub(crate) fn now(&self) -> Arc<[SocketAddr]> {
        Arc::clone(&self.shared.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Finds the addresses of a host; `entries` go before what the name resolves to.
///
/// # Errors
/// If the name does not resolve in time, or if there are entries and none is for this host and port: going wherever the
/// name resolves to is not what was meant.
pub(crate) fn resolve(
    host: &str,
    port: u16,
    entries: &[ResolveEntry],
    timeout: Duration,
    interrupt: &Interrupt,
) -> Result<Addresses, RunError> {
    let given: Vec<SocketAddr> = entries
        .iter()
        .filter_map(|entry| Some(SocketAddr::new(entry.address_of(host, port)?, port)))
        .collect();
    if !given.is_empty() {
        return Ok(Addresses::fixed(given));
    }
    if !entries.is_empty() {
        return Err(RunError::NoEntry {
            host: host.to_owned(),
            port,
        });
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(Addresses::fixed(vec![SocketAddr::new(address, port)]));
    }
    let name = host.to_owned();
    let look_up = move || Ok((name.as_str(), port).to_socket_addrs()?.collect());
    look_up_regularly(host, look_up, REFRESH, timeout, interrupt)
}

/// Looks up in a thread of its own, because resolvers can block for long: once, which is waited for, and then every so
/// often. A later look-up that fails changes nothing.
fn look_up_regularly(
    host: &str,
    look_up: impl Fn() -> io::Result<Vec<SocketAddr>> + Send + 'static,
    every: Duration,
    timeout: Duration,
    interrupt: &Interrupt,
) -> Result<Addresses, RunError> {
    let failed = |reason: String| RunError::Dns {
        host: host.to_owned(),
        reason,
    };
    let (first, answer) = mpsc::channel();
    let (held, dropped) = mpsc::channel::<()>();
    let shared = Arc::new(RwLock::new(Arc::from([])));
    let kept = Arc::clone(&shared);
    let resolver = move || {
        let keep = |addresses: Vec<SocketAddr>| {
            *kept.write().unwrap_or_else(PoisonError::into_inner) = addresses.into();
        };
        match look_up() {
            Ok(addresses) if !addresses.is_empty() => keep(addresses),
            Ok(_) => return drop(first.send(Err("the name has no address".to_owned()))),
            Err(error) => return drop(first.send(Err(error.to_string()))),
        }
        drop(first.send(Ok(())));
        while dropped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
            match look_up() {
                Ok(addresses) if !addresses.is_empty() => keep(addresses),
                _ => {}
            }
        }
    };
    thread::Builder::new().name("resolver".to_owned()).spawn(resolver)?;
    let deadline = Instant::now() + timeout;
    loop {
        match answer.recv_timeout(TICK) {
            Ok(Ok(())) => {
                return Ok(Addresses {
                    shared,
                    _held: Some(held),
                });
            }
            Ok(Err(reason)) => return Err(failed(reason)),
            Err(_) if interrupt.is_requested() => return Err(RunError::Interrupted),
            Err(_) if Instant::now() >= deadline => return Err(failed("no answer within the timeout".to_owned())),
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn wait_for(condition: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !condition() {
            assert!(Instant::now() < deadline, "nothing happens");
            thread::sleep(Duration::from_millis(2));
        }
    }

    #[test]
    fn addresses_follow_the_name_until_nobody_holds_them() {
        let old: SocketAddr = "192.0.2.1:80".parse().unwrap();
        let new: SocketAddr = "192.0.2.2:80".parse().unwrap();
        let answers = Arc::new(Mutex::new(vec![
            Ok(vec![new]),
            Ok(Vec::new()),
            Err(io::Error::other("away")),
            Ok(vec![old]),
        ]));
        let left = Arc::clone(&answers);
        let look_up = move || left.lock().unwrap().pop().unwrap_or_else(|| Ok(vec![new]));
        let second = Duration::from_secs(1);
        let addresses = look_up_regularly(
            "host",
            look_up,
            Duration::from_millis(20),
            second * 20,
            &Interrupt::new(),
        )
        .unwrap();
        let copy = addresses.clone();
        assert!([&[old][..], &[new][..]].contains(&&*addresses.now()));
        wait_for(|| *copy.now() == [new]);
        drop(addresses);
        assert!(Arc::strong_count(&answers) == 2, "a holder is left");
        drop(copy);
        wait_for(|| Arc::strong_count(&answers) == 1);
    }

    #[test]
    fn entries_go_before_names() {
        let entries = [
            "a.invalid:80:127.0.0.2".parse().unwrap(),
            "a.invalid:127.0.0.3".parse().unwrap(),
        ];
        let find = |host, port| resolve(host, port, &entries, Duration::from_secs(20), &Interrupt::new());
        let both: [SocketAddr; 2] = ["127.0.0.2:80".parse().unwrap(), "127.0.0.3:80".parse().unwrap()];
        assert_eq!(*find("a.invalid", 80).unwrap().now(), both);
        assert_eq!(*find("a.invalid", 81).unwrap().now(), ["127.0.0.3:81".parse().unwrap()]);
        let error = find("b.invalid", 80).unwrap_err().to_string();
        assert!(error.contains("b.invalid") && error.contains("--resolve"), "{error}");
    }
}
