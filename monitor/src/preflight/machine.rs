//! Room, memory and the clock.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::Found;
use crate::docker;
use crate::host::Host;

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
    let data = existing(host.layout.data());
    faults.extend(little_space(&data, LEAST_DATA_SPACE));
    if docker_answers
        && let Ok(root) = docker::root_folder().await
        && root.is_dir()
    {
        faults.extend(little_space(&root, LEAST_DOCKER_SPACE));
    }
    faults
}

/// The folder itself, or the nearest one above it that is there.
fn existing(folder: &Path) -> PathBuf {
    let found = folder.ancestors().find(|folder| folder.exists());
    found.unwrap_or(Path::new("/")).to_owned()
}

fn little_space(folder: &Path, least: u64) -> Option<String> {
    let status = rustix::fs::statvfs(folder).ok()?;
    let free = status.f_bavail.saturating_mul(status.f_frsize);
    let folder = folder.display();
    if free < least {
        return Some(format!(
            "the disk of {folder} has {} MiB free, and {} are needed; free some, or take a larger disk",
            free / MIB,
            least / MIB
        ));
    }
    // File systems that make inodes as needed count none.
    if status.f_files > 0 && status.f_favail < LEAST_INODES {
        return Some(format!(
            "the disk of {folder} has {} inodes free, and {LEAST_INODES} are needed; remove small files, or format it with more",
            status.f_favail
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
    let available = available_memory(&std::fs::read_to_string("/proc/meminfo").ok()?)?;
    (available < needed).then(|| {
        format!(
            "this machine has {} MiB of memory available, and the containers need {}; stop other programs, or take a larger machine",
            available / MIB,
            needed / MIB
        )
    })
}

fn available_memory(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
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

    #[test]
    fn memory_is_read_in_bytes() {
        assert_eq!(
            available_memory("MemTotal: 3 kB\nMemAvailable:    2048 kB\n"),
            Some(2 * MIB)
        );
    }
}
