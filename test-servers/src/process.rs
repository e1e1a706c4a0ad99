//! The life of a server's process: started, awaited, paused, stopped, killed, started again.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::error::ServerError;

/// Longer than any of the servers takes to start or stop on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Tries to start a server, each on other ports, in case another program takes one between its choice and its use.
const ATTEMPTS: usize = 3;

/// What the end of a log says of a port that was taken.
const PORT_TAKEN: &str = "address already in use";

/// Lines of a log that go into an error.
const LOG_TAIL: usize = 30;

/// Waits for the end of its stdin, which comes with the end of this process, however that ends; then ends the server
/// and removes its folder.
const GUARD: &str = r#"read -r _
kill -9 "$1"
for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$1" && sleep 0.1; done
rm -rf "$2""#;

/// Where logs go when their servers do.
static KEPT_LOGS: Mutex<Option<PathBuf>> = Mutex::new(None);

/// From now on each server's log is moved into this folder when the server is dropped; with `None`, it is removed.
pub fn keep_logs_in(folder: Option<PathBuf>) {
    *KEPT_LOGS.lock().unwrap_or_else(PoisonError::into_inner) = folder;
}

/// How to run a server.
pub struct Launch {
    /// What errors call it.
    pub server: &'static str,
    /// What to run.
    pub program: PathBuf,
    /// Its command line.
    pub arguments: Vec<OsString>,
    /// All of its environment besides `PATH` and `HOME`, which is its folder.
    pub variables: Vec<(&'static str, OsString)>,
    /// Where to run it; without one, in its folder.
    pub working_directory: Option<PathBuf>,
}

/// The path in this environment variable, which `make test` sets.
///
/// # Errors
/// It is not set.
pub fn installed_at(variable: &'static str) -> Result<PathBuf, ServerError> {
    setting(variable)
        .map(PathBuf::from)
        .ok_or(ServerError::NotInstalled { variable })
}

/// A file of this repository.
pub(crate) fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

#[expect(
    clippy::disallowed_methods,
    reason = "settings of the tests, which have no settings module"
)]
pub(crate) fn setting(variable: &str) -> Option<OsString> {
    std::env::var_os(variable)
}

/// A program of this workspace, which cargo builds into the folder above that of the tests.
///
/// # Errors
/// It is not there: `cargo test --workspace` builds it.
pub fn built(name: &'static str) -> Result<PathBuf, ServerError> {
    let here = std::env::current_exe().map_err(|cause| ServerError::System { server: name, cause })?;
    let program = here
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file());
    program.ok_or(ServerError::NotBuilt {
        server: name,
        program: name,
    })
}

/// A server's process with its folder and its log.
pub struct ServerProcess {
    launch: Launch,
    running: Option<Running>,
    folder: TempDir,
}

impl ServerProcess {
    /// Starts what `launch` makes for an empty folder and waits until `is_ready`; all get what `choose` chose, ports above
    /// all, and the latter two the folder.
    pub fn start<Chosen>(
        server: &'static str,
        choose: impl Fn() -> io::Result<Chosen>,
        launch: impl Fn(&Chosen, &Path) -> io::Result<Launch>,
        is_ready: impl Fn(&Chosen, &Path) -> bool,
    ) -> Result<(Self, Chosen), ServerError> {
        let system = |cause| ServerError::System { server, cause };
        let mut attempt = 0;
        loop {
            attempt += 1;
            let chosen = choose().map_err(system)?;
            let folder = tempfile::Builder::new()
                .prefix(&format!("{}-", server.to_lowercase().replace(' ', "-")))
                .tempdir()
                .map_err(system)?;
            let launch = launch(&chosen, folder.path()).map_err(system)?;
            let mut process = Self {
                launch,
                running: None,
                folder,
            };
            let folder = process.folder.path().to_owned();
            match process.run(|| is_ready(&chosen, &folder)) {
                Ok(()) => return Ok((process, chosen)),
                Err(ServerError::Ended { .. }) if attempt < ATTEMPTS && process.log().contains(PORT_TAKEN) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Starts it as it was before and waits until `is_ready`. Does nothing to a server that runs.
    pub(crate) fn restart(&mut self, is_ready: impl Fn() -> bool) -> Result<(), ServerError> {
        if self.running.is_some() {
            return Ok(());
        }
        self.run(is_ready)
    }

    fn run(&mut self, is_ready: impl Fn() -> bool) -> Result<(), ServerError> {
        self.running = Some(self.spawn()?);
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let ready = is_ready();
            // Asked afterwards: another program may have answered in place of a server that found its port taken.
            if let Some(status) = self.ended()? {
                self.running = None;
                return Err(ServerError::Ended {
                    server: self.launch.server,
                    status,
                    log: self.log_tail(),
                });
            }
            if ready {
                return Ok(());
            }
            thread::sleep(POLL_INTERVAL);
        }
        Err(self.late("ready"))
    }

    fn spawn(&self) -> Result<Running, ServerError> {
        let spawn = || {
            let log = OpenOptions::new().create(true).append(true).open(self.log_path())?;
            let mut command = Command::new(&self.launch.program);
            command
                .args(&self.launch.arguments)
                .env_clear()
                .envs(setting("PATH").map(|path| ("PATH", path)))
                .env("HOME", self.folder.path())
                .envs(self.launch.variables.iter().map(|(name, value)| (name, value)))
                .current_dir(self.launch.working_directory.as_deref().unwrap_or(self.folder.path()))
                // Not ended by Ctrl-C in a terminal before the tests, which would take it for a crash.
                .process_group(0)
                .stdin(Stdio::null())
                .stdout(log.try_clone()?)
                .stderr(log);
            command.spawn()
        };
        let mut child = spawn().map_err(|cause| ServerError::Spawn {
            server: self.launch.server,
            program: self.launch.program.clone(),
            cause,
        })?;
        match guard(&child, self.folder.path()) {
            Ok(guard) => Ok(Running { guard, child }),
            Err(cause) => {
                // Failing, it has ended already.
                let _ = child.kill();
                let _ = child.wait();
                Err(self.system(cause))
            }
        }
    }

    /// True while it has not ended by itself.
    pub(crate) fn is_running(&mut self) -> Result<bool, ServerError> {
        Ok(self.running.is_some() && self.ended()?.is_none())
    }

    /// Its end, if it has ended by itself.
    fn ended(&mut self) -> Result<Option<ExitStatus>, ServerError> {
        let server = self.launch.server;
        match &mut self.running {
            Some(running) => running
                .child
                .try_wait()
                .map_err(|cause| ServerError::System { server, cause }),
            None => Ok(None),
        }
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    pub fn stop(&mut self) -> Result<(), ServerError> {
        self.signal(Signal::TERM)?;
        let deadline = Instant::now() + PATIENCE;
        while self.ended()?.is_none() {
            if Instant::now() > deadline {
                return Err(self.late("stopped"));
            }
            thread::sleep(POLL_INTERVAL);
        }
        self.running = None;
        Ok(())
    }

    /// Ends it without a chance to save anything (SIGKILL).
    pub(crate) fn kill(&mut self) -> Result<(), ServerError> {
        self.signal(Signal::KILL)?;
        self.running = None;
        Ok(())
    }

    /// Freezes it (SIGSTOP): its ports still take connections, and nothing is answered.
    pub fn pause(&self) -> Result<(), ServerError> {
        self.signal(Signal::STOP)
    }

    /// Ends [`ServerProcess::pause`] (SIGCONT).
    pub fn resume(&self) -> Result<(), ServerError> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> Result<(), ServerError> {
        let server = self.launch.server;
        let running = self.running.as_ref().ok_or(ServerError::NotRunning { server })?;
        kill_process(Pid::from_child(&running.child), signal).map_err(|error| self.system(error.into()))
    }

    /// Its process id.
    pub fn id(&self) -> Result<u32, ServerError> {
        let server = self.launch.server;
        let running = self.running.as_ref().ok_or(ServerError::NotRunning { server })?;
        Ok(running.child.id())
    }

    /// The folder that goes with it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// All it wrote to stdout and stderr, over all its starts.
    pub fn log(&self) -> String {
        fs::read(self.log_path()).map_or_else(
            |error| format!("(no log: {error})"),
            |log| String::from_utf8_lossy(&log).into_owned(),
        )
    }

    /// The last lines of [`ServerProcess::log`].
    fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_TAIL)..].join("\n")
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    fn late(&self, state: &'static str) -> ServerError {
        ServerError::Late {
            server: self.launch.server,
            state,
            patience: PATIENCE,
            log: self.log_tail(),
        }
    }

    fn system(&self, cause: io::Error) -> ServerError {
        let server = self.launch.server;
        ServerError::System { server, cause }
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.running = None;
        if let Some(folder) = &*KEPT_LOGS.lock().unwrap_or_else(PoisonError::into_inner)
            && let Some(name) = self.folder.path().file_name()
        {
            // A log that cannot be kept is missed by whoever looks for it; there is nobody to tell here.
            let _ = fs::copy(self.log_path(), folder.join(name).with_extension("log"));
        }
        if thread::panicking() {
            // The test's output, which is shown because it failed.
            eprintln!("--- log of {}, its end ---\n{}", self.launch.server, self.log_tail());
        }
    }
}

/// Ended when dropped.
struct Running {
    guard: Child,
    child: Child,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Failing, they have ended already. The guard goes first: later the server's id may be another process's.
        for process in [&mut self.guard, &mut self.child] {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn guard(server: &Child, folder: &Path) -> io::Result<Child> {
    Command::new("sh")
        .args(["-c", GUARD, "sh", &server.id().to_string()])
        .arg(folder)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}
