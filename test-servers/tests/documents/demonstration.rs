//! What a reader has in front of him: a folder with the programs, and servers where the documents say that they are.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use regex::Regex;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use test_servers::{Collector, InfluxDb, built, client_builder, free_port};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Load that a reader watches for a minute is put on for a second.
static TIMES_OF_LOAD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)(--(?:duration|warmup)[ =])\d+[a-z]+").unwrap());
static STAGES: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b\d+(?:s|m):(\d+)").unwrap());

/// The folder that a reader is in, and the service that he started.
pub(crate) struct Demonstration {
    folder: TempDir,
    port: u16,
    service: Option<Child>,
}

impl Demonstration {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let programs = folder.path().join("target/release");
        fs::create_dir_all(&programs).unwrap();
        for name in ["service", "monitor"] {
            symlink(built(name).unwrap(), programs.join(name)).unwrap();
        }
        // How fast this machine is proves nothing about a document.
        let loadgen = built("loadgen").unwrap();
        let script = format!(
            "#!/bin/sh\n'{}' \"$@\"\nstatus=$?\n[ $status = 99 ] || exit $status\n",
            loadgen.display()
        );
        let path = programs.join("loadgen");
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        // An error of HTTP is an error of the document.
        fs::write(folder.path().join(".curlrc"), "fail-with-body\nsilent\nshow-error\n").unwrap();
        Self {
            folder,
            port: free_port().unwrap(),
            service: None,
        }
    }

    /// Runs a block up to its first failure.
    pub(crate) fn run(&self, text: &str) -> Result<(), String> {
        let script = TIMES_OF_LOAD.replace_all(text, "${1}1s");
        let script = STAGES.replace_all(&script, "1s:$1");
        let output = self.shell(&script).output().unwrap();
        if output.status.success() {
            return Ok(());
        }
        let said = [output.stdout, output.stderr].concat();
        Err(format!("{}\n{}", output.status, String::from_utf8_lossy(&said)))
    }

    /// Starts what each line says in the place of the one before; the last one goes on.
    pub(crate) fn serve(&mut self, text: &str) -> Result<(), String> {
        for line in text.lines() {
            self.stop()?;
            // The shell gives its place to the service, which gets the signal then.
            let line = line.replace("target/release/service", "exec target/release/service");
            let (before, command) = line.split_once("exec ").ok_or(format!("no service: {line}"))?;
            let log = fs::File::create(self.folder.path().join("service.log")).unwrap();
            let mut service = self
                .shell(&format!("export {before} DATA_DIR=data\nexec {command}"))
                .stdout(log.try_clone().unwrap())
                .stderr(log)
                .spawn()
                .unwrap();
            let deadline = Instant::now() + PATIENCE;
            while !self.is_ready() {
                if let Some(status) = service.try_wait().unwrap() {
                    return Err(format!("{line}: {status}\n{}", self.log()));
                }
                if Instant::now() > deadline {
                    let _ = service.kill();
                    return Err(format!("{line}: not ready within {PATIENCE:?}\n{}", self.log()));
                }
                thread::sleep(Duration::from_millis(50));
            }
            self.service = Some(service);
        }
        Ok(())
    }

    /// What the service wrote.
    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("service.log")).unwrap_or_default()
    }

    fn is_ready(&self) -> bool {
        let client = client_builder().timeout(PATIENCE).build().unwrap();
        let answer = client.get(format!("http://127.0.0.1:{}/readyz", self.port)).send();
        answer.is_ok_and(|answer| answer.status() == 200)
    }

    fn stop(&mut self) -> Result<(), String> {
        let Some(mut service) = self.service.take() else {
            return Ok(());
        };
        kill_process(Pid::from_child(&service), Signal::TERM).unwrap();
        let status = service.wait().unwrap();
        if status.success() {
            Ok(())
        } else {
            Err(format!("the service ended with {status}"))
        }
    }

    /// Bash in the reader's folder, with the ports of the documents where they really are.
    fn shell(&self, script: &str) -> Command {
        let influxdb = InfluxDb::shared();
        let collector = Collector::shared();
        let script = [
            ("localhost:8080", format!("127.0.0.1:{}", self.port)),
            ("http://localhost:8086", influxdb.url()),
            ("http://localhost:4318", collector.http_endpoint()),
            ("http://localhost:4317", collector.grpc_endpoint()),
        ]
        .iter()
        .fold(script.to_owned(), |script, (said, real)| script.replace(said, real));
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", self.programs().display());
        let mut command = Command::new("bash");
        command
            .args(["-euo", "pipefail", "-c", &script])
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.folder.path())
            .env("TMPDIR", self.folder.path())
            .env("LISTEN_ADDR", format!("127.0.0.1:{}", self.port))
            .env("INFLUX_TOKEN", influxdb.loadgen_writer_token())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn programs(&self) -> std::path::PathBuf {
        Path::new(self.folder.path()).join("target/release")
    }
}

impl Drop for Demonstration {
    fn drop(&mut self) {
        if let Some(mut service) = self.service.take() {
            let _ = service.kill();
            let _ = service.wait();
        }
    }
}
