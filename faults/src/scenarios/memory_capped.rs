//! Little memory, and clients that want much of it.
//!
//! The cap is a control group (v2 or v1), where this process may make one: then the kernel ends the service when it
//! needs more, as it would a container. Elsewhere it is `RLIMIT_DATA`, under which allocations fail. Either way the
//! service may end; then it is started again, as an orchestrator would.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::connection::{Connection, request};
use crate::context::Context;
use crate::failure::Failure;
use crate::report::Figures;
use crate::trial::{Expected, Trial, service};

const CAP: u64 = 64 << 20;
/// Items with names of full length, of which each list has 1000.
const LARGE_ITEMS: usize = 1000;
const READERS: u64 = 48;

pub(super) fn run(context: &Context) -> Result<Figures, Failure> {
    let cap = Cap::new()?;
    let launcher = cap.launcher();
    let mut service = service().launched_by(launcher.iter().map(String::as_str)).start()?;
    fill(&service)?;
    let expected = Expected::failing(context.seconds);
    let mut trial = Trial::begin(context, &service, None, expected)?;
    let mut ended = 0;
    trial.fault(|trial| {
        let stop = AtomicBool::new(false);
        let address = service.address();
        thread::scope(|scope| {
            for _ in 0..READERS {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        // It may be cut off: whether the service holds out is seen elsewhere.
                        let _ = list(address);
                    }
                });
            }
            let end = Instant::now() + context.seconds;
            let mut watch = || {
                while Instant::now() < end {
                    context.wait(Duration::from_millis(50))?;
                    if !service.is_running()? {
                        ended += 1;
                        // It has ended; this takes note of it.
                        service.kill()?;
                        service.restart()?;
                        trial.follow(&service)?;
                    }
                }
                Ok(())
            };
            let watched = watch();
            stop.store(true, Ordering::Relaxed);
            watched
        })
    })?;
    let (mut figures, _) = trial.finish()?;
    figures.remark = format!(
        "capped at {} MiB by {}; {READERS} clients listed 1000 items of 1 KB each; the service was ended {ended} times",
        CAP >> 20,
        cap.name()
    );
    Ok(figures)
}

fn fill(service: &test_servers::Service) -> Result<(), Failure> {
    let mut connection = Connection::open(service.address()).map_err(Failure::system("large items"))?;
    for number in 0..LARGE_ITEMS {
        let body = json!({ "id": format!("large-{number}"), "name": "n".repeat(1024) }).to_string();
        let answer = connection
            .write(&request("POST", "/items", &body, &format!("{:032x}", number + 1)))
            .and_then(|()| connection.read())
            .map_err(Failure::system("large items"))?;
        if answer.status != 201 {
            return Err(Failure::broken(format!("a create was answered {}", answer.text())));
        }
    }
    Ok(())
}

fn list(address: std::net::SocketAddr) -> std::io::Result<()> {
    let mut connection = Connection::open(address)?;
    connection.write(&request("GET", "/items?limit=1000", "", &"1".repeat(32)))?;
    connection.read().map(drop)
}

/// How memory is capped.
enum Cap {
    ControlGroup { folder: PathBuf },
    DataLimit,
}

impl Cap {
    fn new() -> Result<Self, Failure> {
        let name = format!("marketboro-faults-{}", std::process::id());
        for (root, limit) in [
            ("/sys/fs/cgroup", "memory.max"),
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
        ] {
            let folder = Path::new(root).join(&name);
            if fs::create_dir(&folder).is_err() {
                continue;
            }
            if fs::write(folder.join(limit), CAP.to_string()).is_ok() {
                // Swap would hide the cap; there may be none to switch off.
                let _ = fs::write(folder.join("memory.swap.max"), "0");
                return Ok(Self::ControlGroup { folder });
            }
            fs::remove_dir(&folder).map_err(Failure::system("a control group"))?;
        }
        Ok(Self::DataLimit)
    }

    fn launcher(&self) -> Vec<String> {
        match self {
            Self::ControlGroup { folder } => {
                let join = format!(r#"echo $$ > '{}/cgroup.procs' && exec "$@""#, folder.display());
                ["sh", "-c", &join, "sh"].map(str::to_owned).to_vec()
            }
            Self::DataLimit => ["prlimit".to_owned(), format!("--data={CAP}")].to_vec(),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::ControlGroup { .. } => "a control group",
            Self::DataLimit => "RLIMIT_DATA",
        }
    }
}

impl Drop for Cap {
    fn drop(&mut self) {
        if let Self::ControlGroup { folder } = self {
            // The service has ended, but the kernel may still be clearing up.
            for _ in 0..50 {
                if fs::remove_dir(&folder).is_ok() {
                    return;
                }
                thread::sleep(Duration::from_millis(20));
            }
        }
    }
}
