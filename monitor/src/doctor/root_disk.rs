//! Room on the root disk.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use super::context::Context;
use super::disk::{low, percent, room};
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
    let room = room(Path::new(ROOT)).await.map_err(|error| {
        Fault::failed(
            format!("the root disk cannot be asked ({error})"),
            "see what the kernel says: dmesg",
        )
    })?;
    let free = percent(room.free, room.size);
    let seen = format!("{} ({free:.0} %) free", bytes::text(room.free));
    let mut faults = Vec::new();
    faults.extend(nearly_full(free, &seen));
    if let Some((free, all)) = room.inodes {
        let percent = percent(free, all);
        faults.extend(nearly_full(percent, &format!("{percent:.0} % of its inodes are free")));
    }
    Ok(Verdict::new(seen, faults))
}

fn nearly_full(percent: f64, seen: &str) -> Option<Fault> {
    low(percent, &format!("the root disk is nearly full: {seen}"), ADVICE)
}
