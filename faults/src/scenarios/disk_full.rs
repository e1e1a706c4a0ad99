//! The disk under the embedded store fills, and has room again.
//!
//! It is a small tmpfs in a mount namespace of the service's own, so that it is gone with the service. Without root that
//! takes a user namespace besides.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use test_servers::Service;

use crate::context::Context;
use crate::failure::Failure;
use crate::report::Figures;
use crate::trial::{Expected, Trial, service};

const DISK: &str = "disk";
const MOUNT: &str = r#"mkdir -p disk && mount -t tmpfs -o size=16m tmpfs disk && exec "$@""#;
/// SQLite gives room back now and then.
const REFILL_INTERVAL: Duration = Duration::from_millis(50);

pub(super) fn run(context: &Context) -> Result<Figures, Failure> {
    let mut launcher = vec!["unshare", "--mount", "--propagation", "private"];
    if !rustix::process::geteuid().is_root() {
        launcher.push("--map-root-user");
    }
    launcher.extend(["sh", "-c", MOUNT, "sh"]);
    let mut service = service()
        .launched_by(launcher)
        .arguments(["--data-dir", DISK])
        .start()?;
    let expected = Expected::failing(context.seconds);
    let mut trial = Trial::begin(context, &service, None, expected)?;
    let mut read = 0;
    trial.fault(|trial| {
        let filler = filler(&service)?;
        let end = Instant::now() + context.seconds;
        let (good, failed) = (
            trial.tally().answered_good(),
            trial.tally().failed.load(Ordering::Relaxed),
        );
        while Instant::now() < end {
            fill(&filler)?;
            context.wait(REFILL_INTERVAL)?;
        }
        if trial.tally().failed.load(Ordering::Relaxed) == failed {
            return Err(Failure::broken("no write failed although the disk was full"));
        }
        read = trial.tally().answered_good() - good;
        fs::remove_file(&filler).map_err(Failure::system("the filler of the disk"))
    })?;
    if !service.is_running()? {
        return Err(Failure::broken("the service ended when its disk was full"));
    }
    let (mut figures, _) = trial.finish()?;
    figures.remark = format!("{read} good answers while no byte was free");
    Ok(figures)
}

/// A file on the service's disk, seen from outside its namespace.
fn filler(service: &Service) -> Result<PathBuf, Failure> {
    let disk = service.folder().join(DISK);
    let inside = disk.strip_prefix("/").unwrap_or(&disk);
    Ok(PathBuf::from(format!("/proc/{}/root", service.id()?))
        .join(inside)
        .join("filler"))
}

/// Leaves no byte free.
fn fill(filler: &Path) -> Result<(), Failure> {
    let opened = File::options().create(true).append(true).open(filler);
    let mut file = match opened {
        Ok(file) => file,
        // No room for the file's entry.
        Err(error) if error.kind() == std::io::ErrorKind::StorageFull => return Ok(()),
        Err(error) => return Err(Failure::system("the service's disk cannot be filled")(error)),
    };
    while file.write(&[0; 4096]).is_ok_and(|written| written > 0) {}
    Ok(())
}
