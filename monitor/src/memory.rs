//! Memory of this machine, as Linux tells of it.

use std::io;

/// Memory in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// All of it.
    pub total: u64,
    /// What programs can have without anything being written to a disk for it.
    pub available: u64,
}

/// Asks the kernel.
///
/// # Errors
/// This system does not tell, or not so.
pub fn read() -> io::Result<Memory> {
    parse(&std::fs::read_to_string("/proc/meminfo")?).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

pub(crate) fn parse(table: &str) -> Option<Memory> {
    let bytes = |name: &str| {
        let line = table.lines().find_map(|line| line.strip_prefix(name))?;
        let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
        kibibytes.checked_mul(1024)
    };
    Some(Memory {
        total: bytes("MemTotal:")?,
        available: bytes("MemAvailable:")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_bytes() {
        let table = "MemTotal:       4096 kB\nMemFree:  1 kB\nMemAvailable:    2048 kB\n";
        let memory = parse(table).unwrap();
        assert_eq!((memory.total, memory.available), (4 << 20, 2 << 20));
        assert_eq!(parse("MemTotal: 3 kB\n"), None);
    }
}
