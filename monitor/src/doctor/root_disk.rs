//! Room on the root disk.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use super::context::Context;
use super::disk::{FAILED_PERCENT, WARNING_PERCENT, percent};
use super::verdict::{Fault, Stop, Verdict};
use crate::{bytes, disk};

const ROOT: &str = "/";
const ADVICE: &str = "see what fills it (`du -xh / | sort -h | tail`, `docker system df`, `journalctl --disk-usage`), or take \
    a larger root disk";

pub(super) async fn check(context: Arc<Context>) -> Result<Verdict, Stop> {
    let device = |folder: &Path| std::fs::metadata(folder).ok().map(|found| found.dev());
    if device(Path::new(ROOT)) == device(&disk::nearest(context.layout().data())) {
        return Err(Stop::skip("it holds the data folder too; the check disk looks at it"));
    }
    let unreadable = |reason: &dyn std::fmt::Display| {
        Fault::failed(
            format!("the root disk cannot be asked ({reason})"),
            "see what the kernel says: dmesg",
        )
    };
    // On a thread for waiting: a disk that hangs would take the runtime with it.
    let room = tokio::task::spawn_blocking(|| disk::room(Path::new(ROOT))).await;
    let room = room
        .map_err(|error| unreadable(&error))?
        .map_err(|error| unreadable(&error))?;
    let free = percent(room.free, room.size);
    let seen = format!("{} ({free:.0} %) free", bytes::text(room.free));
    let mut faults = Vec::new();
    faults.extend(low(free, &seen));
    if let Some((free, all)) = room.inodes {
        let percent = percent(free, all);
        faults.extend(low(percent, &format!("{percent:.0} % of its inodes are free")));
    }
    Ok(Verdict::new(seen, faults))
}

fn low(percent: f64, seen: &str) -> Option<Fault> {
    let seen = format!("the root disk is nearly full: {seen}");
    if percent < FAILED_PERCENT {
        Some(Fault::failed(seen, ADVICE))
    } else if percent < WARNING_PERCENT {
        Some(Fault::warning(seen, ADVICE))
    } else {
        None
    }
}
