//! Every fuzz target in one program, so that it is linked once: the variable `FUZZ_TARGET` names the one to run.
//!
//! The targets are modules of the crates whose parsers they call (`fuzzing` in each, there under `cfg(fuzzing)` alone):
//! they see what is private, and nothing is made public for them.

#![no_main]

#[path = "targets/loadgen/command_line.rs"]
mod command_line;
// The command line of loadgen belongs to its program; here it belongs to this one.
#[allow(dead_code)]
#[path = "../loadgen/src"]
mod program {
    pub(crate) mod cli;
    pub(crate) mod redact;
}
use program::{cli, redact};

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use loadgen::fuzzing as loadgen_targets;
use monitor::fuzzing as monitor_targets;
use service::fuzzing as service_targets;

type Target = fn(&[u8]);

static TARGET: OnceLock<Target> = OnceLock::new();

fn chosen() -> Target {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let all = [
        &[("loadgen_command_line", command_line::check as Target)],
        loadgen_targets::ALL,
        monitor_targets::ALL,
        service_targets::ALL,
    ]
    .concat();
    match all.iter().find(|(known, _)| *known == name) {
        Some((_, target)) => *target,
        None => {
            // What tools/fuzz reads.
            for (name, _) in all {
                println!("{name}");
            }
            std::process::exit(if name.is_empty() { 0 } else { 2 });
        }
    }
}

fuzz_target!(
    init: {
        TARGET.get_or_init(chosen);
    },
    |data: &[u8]| TARGET.get_or_init(chosen)(data)
);
