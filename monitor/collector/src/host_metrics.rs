//! Metrics of the host that the collector runs on. They carry the resource attribute `host.name`.

/// CPU time since the host started, in seconds, by [`CPU`] and [`STATE`].
pub const CPU_TIME: &str = "system.cpu.time";
/// Share of the time since the last measurement, from 0 to 1, by [`CPU`] and [`STATE`].
pub const CPU_UTILIZATION: &str = "system.cpu.utilization";
/// Number of logical CPUs.
pub const CPU_LOGICAL_COUNT: &str = "system.cpu.logical.count";
/// Mean number of runnable threads over one minute.
pub const LOAD_AVERAGE_1M: &str = "system.cpu.load_average.1m";
/// Mean number of runnable threads over five minutes.
pub const LOAD_AVERAGE_5M: &str = "system.cpu.load_average.5m";
/// Mean number of runnable threads over fifteen minutes.
pub const LOAD_AVERAGE_15M: &str = "system.cpu.load_average.15m";

/// Memory in bytes, by [`STATE`].
pub const MEMORY_USAGE: &str = "system.memory.usage";
/// Share of the memory, from 0 to 1, by [`STATE`].
pub const MEMORY_UTILIZATION: &str = "system.memory.utilization";
/// All memory, in bytes.
pub const MEMORY_LIMIT: &str = "system.memory.limit";
/// Page faults since the host started, by [`KIND`].
pub const PAGING_FAULTS: &str = "system.paging.faults";

/// Bytes since the host started, by [`DEVICE`] and [`DIRECTION`].
pub const DISK_IO: &str = "system.disk.io";
/// Seconds since the host started in which the disk was busy, by [`DEVICE`].
pub const DISK_IO_TIME: &str = "system.disk.io_time";
/// Operations since the host started, by [`DEVICE`] and [`DIRECTION`].
pub const DISK_OPERATIONS: &str = "system.disk.operations";
/// Bytes of a file system, by [`DEVICE`], [`MOUNTPOINT`] and [`STATE`].
pub const FILESYSTEM_USAGE: &str = "system.filesystem.usage";
/// Share of a file system that is in use, from 0 to 1, by [`DEVICE`] and [`MOUNTPOINT`].
pub const FILESYSTEM_UTILIZATION: &str = "system.filesystem.utilization";
/// Inodes of a file system, by [`DEVICE`], [`MOUNTPOINT`] and [`STATE`].
pub const FILESYSTEM_INODES_USAGE: &str = "system.filesystem.inodes.usage";

/// Bytes since the host started, by [`DEVICE`] and [`DIRECTION`].
pub const NETWORK_IO: &str = "system.network.io";
/// Packets dropped since the host started, by [`DEVICE`] and [`DIRECTION`].
pub const NETWORK_DROPPED: &str = "system.network.dropped";
/// Errors since the host started, by [`DEVICE`] and [`DIRECTION`].
pub const NETWORK_ERRORS: &str = "system.network.errors";

/// Attribute: a logical CPU, such as `cpu0`.
pub const CPU: &str = "cpu";
/// Attribute: a disk, the device of a file system, or a network interface.
pub const DEVICE: &str = "device";
/// Attribute: `read` or `write` of a disk, `receive` or `transmit` of an interface.
pub const DIRECTION: &str = "direction";
/// Attribute: where a file system is mounted.
pub const MOUNTPOINT: &str = "mountpoint";
/// Attribute: what CPU time, memory or room on a disk went to: `user`, `system`, `idle`, `used`, `free`, ….
pub const STATE: &str = "state";
/// Attribute: `major` or `minor` of page faults, and the kind of a file system.
pub const KIND: &str = "type";

/// Every metric above that a Linux host always has.
pub const ALL: &[&str] = &[
    CPU_TIME,
    CPU_UTILIZATION,
    CPU_LOGICAL_COUNT,
    LOAD_AVERAGE_1M,
    LOAD_AVERAGE_5M,
    LOAD_AVERAGE_15M,
    MEMORY_USAGE,
    MEMORY_UTILIZATION,
    MEMORY_LIMIT,
    PAGING_FAULTS,
    DISK_IO,
    DISK_IO_TIME,
    DISK_OPERATIONS,
    FILESYSTEM_USAGE,
    FILESYSTEM_UTILIZATION,
    FILESYSTEM_INODES_USAGE,
    NETWORK_IO,
    NETWORK_DROPPED,
    NETWORK_ERRORS,
];
