//! Room, memory and the clock.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::Found;
use crate::host::Host;
use crate::{disk, docker, memory};

const MIB: u64 = 1 << 20;

/// Free space without which InfluxDB and Jaeger stop within hours.
const LEAST_DATA_SPACE: u64 = 1024 * MIB;
/// Free space that logs and container layers need.
const LEAST_DOCKER_SPACE: u64 = 256 * MIB;
/// InfluxDB keeps several files for each day and shard.
const LEAST_INODES: u64 = 10_000;
/// Free memory without which the servers do not start.
const LEAST_MEMORY: u64 = 512 * MIB;

/// Any time before this program was written is wrong.
const WRITTEN: Duration = Duration::from_secs(1_763_000_000);

pub(super) async fn full_disks(host: &Host, docker_answers: bool) -> Vec<String> {
    let mut faults = Vec::new();
    let data = disk::nearest(host.layout.data());
    faults.extend(little_space(&data, LEAST_DATA_SPACE));
    if docker_answers
        && let Ok(root) = docker::root_folder().await
        && root.is_dir()
    {
        faults.extend(little_space(&root, LEAST_DOCKER_SPACE));
    }
    faults
}

fn little_space(folder: &Path, least: u64) -> Option<String> {
    let disk::Room { free, inodes, .. } = disk::room(folder).ok()?;
    let folder = folder.display();
    if free < least {
        return Some(format!(
            "the disk of {folder} has {} MiB free, and {} are needed; free some, or take a larger disk",
            free / MIB,
            least / MIB
        ));
    }
    if let Some((free, _)) = inodes
        && free < LEAST_INODES
    {
        return Some(format!(
            "the disk of {folder} has {free} inodes free, and {LEAST_INODES} are needed; remove small files, or format it with more"
        ));
    }
    None
}

pub(super) fn little_memory(host: &Host, found: &Found) -> Option<String> {
    let project = Some(host.compose.project());
    // What runs already has its memory.
    if found.running.iter().any(|container| container.project() == project) {
        return None;
    }
    let limits = found
        .configuration
        .services
        .values()
        .filter_map(|service| service.mem_limit.as_deref()?.parse::<u64>().ok());
    let needed = (limits.sum::<u64>() / 2).max(LEAST_MEMORY);
    let available = memory::read().ok()?.available;
    (available < needed).then(|| {
        format!(
            "this machine has {} MiB of memory available, and the containers need {}; stop other programs, or take a larger machine",
            available / MIB,
            needed / MIB
        )
    })
}

pub(super) fn wrong_clock(now: SystemTime) -> Option<String> {
    (now < SystemTime::UNIX_EPOCH + WRITTEN).then(|| {
        format!(
            "the clock of this machine says {}, which is past; set it (`timedatectl set-ntp true`), or figures and tokens get wrong times",
            humantime::format_rfc3339_seconds(now.max(SystemTime::UNIX_EPOCH))
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_begins_anew_is_wrong() {
        let fault = wrong_clock(SystemTime::UNIX_EPOCH + Duration::from_secs(60)).unwrap();
        assert!(fault.contains("1970-01-01T00:01:00Z"), "{fault}");
        assert_eq!(wrong_clock(SystemTime::now()), None);
    }
}
