//! Jaeger's store. Badger's files are one whole only while nobody has them open, so Jaeger is stopped; what it stores is
//! linked or copied beside its folder, and Jaeger is started again before the copy is compressed. The collector keeps
//! what comes meanwhile in its queue.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStdin, Command};
use tokio::task::block_in_place;

use super::error::BackupError;
use super::files;
use super::manifest::PartContent;
use super::writing::Writing;
use crate::compose::{Compose, ComposeError};
use crate::jaeger::SERVICE;

/// Badger never changes a table once it is written.
const TABLE: &str = "sst";
/// Badger takes a lock on its folders; these two are Jaeger's.
const FOLDERS: [&str; 2] = ["keys", "values"];
/// Longest time that Jaeger may take to start.
const PATIENCE: Duration = Duration::from_secs(180);

/// Stops Jaeger, says so, and starts it again when its standard input ends, which comes with the end of this program in
/// any way: a backup that is killed leaves no Jaeger behind that stands still. Signals to the whole group of a terminal
/// or a unit pass by, and so does that of a pipe nobody reads any more.
const GUARD: &str = r#"trap '' INT TERM HUP PIPE
"$@" stop jaeger >/dev/null && echo stopped && read -r _
exec "$@" start jaeger >/dev/null"#;

/// Writes Jaeger's store; gives for how long Jaeger was stopped, if it ran. `scratch` is on the file system of `folder`.
pub(super) async fn store(
    folder: &Path,
    scratch: &Path,
    compose: &Compose,
    writing: &mut Writing<'_>,
) -> Result<Option<Duration>, BackupError> {
    let copy = scratch.join("jaeger");
    let pause = if is_running(compose).await? {
        Some(copy_stopped(folder, &copy, compose).await?)
    } else {
        block_in_place(|| copy_closed(folder, &copy))?;
        None
    };
    let opened = files::below(&copy)?.into_iter().map(files::open);
    files::write_tar(writing, "jaeger", PartContent::Jaeger, &copy, opened)?;
    block_in_place(|| fs::remove_dir_all(&copy)).map_err(BackupError::unwritable(&copy))?;
    Ok(pause)
}

/// Bytes of its files.
pub(super) fn size(folder: &Path) -> Result<u64, BackupError> {
    files::below(folder)?.iter().try_fold(0, |sum, path| {
        let metadata = fs::metadata(path).map_err(BackupError::unreadable(path))?;
        // A value log is mapped in its full size and mostly a hole.
        Ok(sum + metadata.len().min(metadata.blocks() * 512))
    })
}

async fn is_running(compose: &Compose) -> Result<bool, BackupError> {
    match compose.containers().await {
        Ok(containers) => Ok(containers
            .iter()
            .any(|container| container.service == SERVICE && container.state == "running")),
        // A Jaeger that runs nevertheless shows by its locks.
        Err(ComposeError::NoDocker { .. } | ComposeError::NoCompose | ComposeError::NoDaemon { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn copy_stopped(folder: &Path, copy: &Path, compose: &Compose) -> Result<Duration, BackupError> {
    let begun = Instant::now();
    let complaints = copy.with_file_name("jaeger.complaints");
    let mut guard = Guard::set(compose, &complaints)?;
    let copied = match guard.stopped().await {
        Ok(()) => block_in_place(|| copy_closed(folder, copy)),
        Err(error) => Err(error),
    };
    let started = guard.start().await;
    copied?;
    started?;
    Ok(begun.elapsed())
}

/// The stop and the start of Jaeger, of which the second follows the first however this program ends.
struct Guard {
    process: Child,
    trigger: ChildStdin,
    /// What docker says. A file, not a pipe, which would end with this program and end docker.
    complaints: PathBuf,
}

impl Guard {
    fn set(compose: &Compose, complaints: &Path) -> Result<Self, BackupError> {
        let docker = compose.command(&[]);
        let docker = docker.as_std();
        let mut command = Command::new("sh");
        command.args(["-c", GUARD, "sh"]);
        command.arg(docker.get_program()).args(docker.get_args());
        for (name, value) in docker.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        let stderr = File::create(complaints).map_err(BackupError::unwritable(complaints))?;
        let cannot = |reason: String| BackupError::JaegerNotStopped { reason };
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .process_group(0)
            .spawn()
            .map_err(|error| cannot(error.to_string()))?;
        let trigger = process.stdin.take().ok_or_else(|| cannot("no pipe".to_owned()))?;
        Ok(Self {
            process,
            trigger,
            complaints: complaints.to_owned(),
        })
    }

    /// Waits until Jaeger has stopped.
    async fn stopped(&mut self) -> Result<(), BackupError> {
        let mut said = [0; 1];
        let read = async {
            match &mut self.process.stdout {
                Some(stdout) => stdout.read(&mut said).await,
                None => Ok(0),
            }
        };
        match tokio::time::timeout(PATIENCE, read).await {
            Ok(Ok(1)) => Ok(()),
            Ok(_) => Err(BackupError::JaegerNotStopped {
                reason: complaint(&self.complaints),
            }),
            Err(_) => Err(BackupError::JaegerNotStopped {
                reason: format!("no answer within {} s", PATIENCE.as_secs()),
            }),
        }
    }

    async fn start(mut self) -> Result<(), BackupError> {
        drop(self.trigger);
        let reason = match tokio::time::timeout(PATIENCE, self.process.wait()).await {
            Ok(Ok(status)) if status.success() => return Ok(()),
            Ok(Ok(_)) => complaint(&self.complaints),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
        };
        Err(BackupError::JaegerStopped { reason })
    }
}

/// The last line that docker wrote.
fn complaint(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().last().unwrap_or("it said nothing").trim().to_owned()
}

fn copy_closed(folder: &Path, copy: &Path) -> Result<(), BackupError> {
    let _locks = lock(folder)?;
    fs::create_dir_all(copy).map_err(BackupError::unwritable(copy))?;
    for path in files::below(folder)? {
        let target = copy.join(path.strip_prefix(folder).unwrap_or(&path));
        let failed = |error: io::Error| BackupError::unwritable(&target)(error);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        let is_table = path.extension().is_some_and(|extension| extension == TABLE);
        if !is_table || fs::hard_link(&path, &target).is_err() {
            fs::copy(&path, &target).map_err(failed)?;
        }
    }
    Ok(())
}

/// Badger's own locks, so that no Jaeger can have its files open or open them.
fn lock(folder: &Path) -> Result<Vec<File>, BackupError> {
    let mut locks = Vec::new();
    for name in FOLDERS {
        let path = folder.join(name);
        let Ok(file) = File::open(&path) else { continue };
        flock(&file, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| BackupError::JaegerElsewhere { path: path.clone() })?;
        locks.push(file);
    }
    Ok(locks)
}
