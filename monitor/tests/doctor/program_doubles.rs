//! Doubles of programs that cannot do their work in a test: `systemctl`, `journalctl`, `aws`. Each records how it is
//! called, and says what it is told to.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::host::Host;

/// A stack that is up.
pub(crate) const STACK_IS_UP: &str = "Id=marketboro-stack.service
LoadState=loaded
ActiveState=active
SubState=exited
Result=success
NRestarts=0
MainPID=0
";

pub(crate) struct ProgramDoubles {
    folder: TempDir,
}

impl ProgramDoubles {
    /// systemd knows no unit of the host, AWS does what it is asked.
    pub(crate) fn new() -> Self {
        let doubles = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        doubles.says("systemctl", "");
        doubles.says("journalctl", "");
        doubles.put("aws", "");
        doubles
    }

    /// A program that prints this text whatever it is asked.
    pub(crate) fn says(&self, program: &str, text: &str) {
        let file = self.folder.path().join(format!("{program}.text"));
        fs::write(&file, text).unwrap();
        self.put(program, &format!("cat '{}'", file.display()));
    }

    /// A program that does this after it has recorded how it was called.
    pub(crate) fn put(&self, program: &str, script: &str) {
        let path = self.folder.path().join(program);
        let record = format!(
            "echo \"double of {program}: $*\" >> '{}'",
            self.record(program).display()
        );
        fs::write(&path, format!("#!/bin/sh\n{record}\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// How it was called, a line each.
    pub(crate) fn calls(&self, program: &str) -> Vec<String> {
        let text = fs::read_to_string(self.record(program)).unwrap_or_default();
        let prefix = format!("double of {program}: ");
        text.lines()
            .map(|line| line.strip_prefix(&prefix).unwrap().to_owned())
            .collect()
    }

    fn record(&self, program: &str) -> PathBuf {
        self.folder.path().join(format!("{program}.calls"))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "settings of the tests, which have no settings module"
    )]
    fn path(&self) -> OsString {
        let mut path = OsString::from(self.folder.path());
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        path
    }
}

/// A machine of its own for a process: with systemd, up for so long, its data folder mounted or not.
pub(crate) struct Machine<'a> {
    pub(crate) doubles: &'a ProgramDoubles,
    pub(crate) uptime_s: u64,
    /// Shell commands that mount what the data folder, `$DATA`, is to be.
    pub(crate) mounts: &'a str,
}

/// The data folder is a file system of its own, with what is in it.
pub(crate) const MOUNTED: &str = r#"mount --bind "$DATA" "$DATA""#;

impl Machine<'_> {
    /// `monitor` on this machine.
    pub(crate) fn monitor(&self, host: &Host, arguments: &[&str]) -> Command {
        let script = format!(
            "set -e; DATA=$1; shift; {}; mount -t tmpfs none /run/systemd 2>/dev/null || mount -t tmpfs none /run; \
             mkdir -p /run/systemd/system; cd /; exec \"$@\"",
            self.mounts
        );
        let offset = i64::try_from(self.uptime_s).unwrap() - uptime();
        let mut command = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            command.args(["--map-current-user", "--keep-caps"]);
        }
        command.args(["--mount", "--time"]).arg(format!("--boottime={offset}"));
        command.args(["sh", "-c", &script, "sh"]).arg(host.data());
        command.arg(env!("CARGO_BIN_EXE_monitor")).args(arguments);
        host.prepare(&mut command);
        command.env("PATH", self.doubles.path());
        command
    }
}

fn uptime() -> i64 {
    rustix::time::clock_gettime(rustix::time::ClockId::Boottime).tv_sec
}
