//! The machine that a generator runs on.

use std::thread;

use rustix::system::uname;

use crate::run_info::Environment;

/// Describes this machine, as far as it makes figures comparable.
pub(crate) fn describe() -> Environment {
    let system = uname();
    Environment {
        host: system.nodename().to_string_lossy().into_owned(),
        os: format!(
            "{} {}",
            system.sysname().to_string_lossy(),
            system.release().to_string_lossy()
        ),
        architecture: std::env::consts::ARCH.to_owned(),
        cores: thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX)),
    }
}
