//! Copies a folder of results to S3 while it grows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::bucket::{Bucket, Key};
use crate::results::folder::{RunFile, sub_folder};
use crate::results::{INTERVALS, REPORT, RUN, ResultsError, SUMMARY, TABLE};

/// How often files are copied at first.
const PERIOD: Duration = Duration::from_secs(30);
/// Files are copied whole, so copies become rarer as the run gets longer: after another such share of it.
const SHARE: u32 = 10;
/// How long the end of a run waits for the last copy.
const PATIENCE: Duration = Duration::from_secs(900);
/// Those written last come last, so that a summary is there only when all else is.
const FILES: [&str; 5] = [RUN, INTERVALS, TABLE, REPORT, SUMMARY];

/// The copying.
pub(in crate::results) struct Upload {
    folder: TempDir,
    place: String,
    stop: Sender<()>,
    outcome: Receiver<Result<(), ResultsError>>,
}

impl Upload {
    /// Takes a place for the results of a generator and begins to copy what appears in [`Self::folder`].
    pub(in crate::results) fn prepare(
        bucket: &str,
        prefix: &str,
        run_id: &str,
        generator: &str,
    ) -> Result<Self, ResultsError> {
        Self::to(Bucket::connect(bucket, prefix)?, run_id, generator, PERIOD)
    }

    pub(super) fn to(bucket: Bucket, run_id: &str, generator: &str, period: Duration) -> Result<Self, ResultsError> {
        let name = sub_folder(generator);
        refuse_others(&bucket, name.as_deref(), run_id)?;
        let folder = tempfile::tempdir().map_err(ResultsError::unwritable(&std::env::temp_dir()))?;
        let place = format!("{}{}", bucket.place(), name.as_deref().unwrap_or_default());
        let mut copies = Copies {
            bucket,
            source: folder.path().to_owned(),
            name,
            copied: BTreeMap::new(),
        };
        copies.claim()?;
        let (stop, stopped) = channel::<()>();
        let (done, outcome) = channel();
        let copy = move || {
            let began = Instant::now();
            let mut wait = period;
            while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                // What fails now is tried again, and at the end it is reported.
                let _ = copies.changed();
                wait = period.max(began.elapsed() / SHARE);
            }
            // Nobody listens any more when the end of the run was too impatient.
            let _ = done.send(copies.last());
        };
        std::thread::Builder::new()
            .name("upload".to_owned())
            .spawn(copy)
            .map_err(ResultsError::unwritable(folder.path()))?;
        Ok(Self {
            folder,
            place,
            stop,
            outcome,
        })
    }

    /// Where the results are to be written.
    pub(in crate::results) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where they are copied to.
    pub(in crate::results) fn place(&self) -> &str {
        &self.place
    }

    /// Copies what there is and waits for that. Should it fail, the folder stays.
    pub(in crate::results) fn finish(self) -> Result<(), ResultsError> {
        let Self {
            folder,
            place,
            stop,
            outcome,
        } = self;
        drop(stop);
        let copied = outcome.recv_timeout(PATIENCE).unwrap_or_else(|_| {
            Err(ResultsError::S3 {
                place,
                reason: format!("S3 did not take everything within {} s", PATIENCE.as_secs()),
            })
        });
        copied.map_err(|error| match error {
            ResultsError::S3 { place, reason } => ResultsError::S3 {
                place,
                reason: format!("{reason}; the results are in {}", folder.keep().display()),
            },
            other => other,
        })
    }
}

/// Refuses a prefix that holds results that these would mix with.
fn refuse_others(bucket: &Bucket, name: Option<&str>, run_id: &str) -> Result<(), ResultsError> {
    let taken = |holds: &str| bucket.error(format!("it holds the results of {holds} already; name another prefix"));
    let keys = bucket.list()?;
    let runs = || keys.iter().filter(|key| [RUN, INTERVALS].contains(&key.file()));
    if runs().any(|key| key.folder().is_none()) {
        return Err(taken("a run"));
    }
    let Some(name) = name else {
        return if runs().next().is_some() {
            Err(taken("several generators"))
        } else {
            Ok(())
        };
    };
    if runs().any(|key| key.folder() == Some(name)) {
        return Err(taken(&format!("generator {name}")));
    }
    // The others have been compared with each other when they began.
    let Some(other) = runs().find(|key| key.file() == RUN) else {
        return Ok(());
    };
    let folder = tempfile::tempdir().map_err(ResultsError::unwritable(&std::env::temp_dir()))?;
    bucket.get(other, &folder.path().join(RUN))?;
    match RunFile::read(folder.path())? {
        Some(RunFile { info, .. }) if info.run_id != run_id => Err(bucket.error(format!(
            "the generators that share a prefix must belong to one run, and this one holds the run {:?}; give all generators \
             the same --run-id, or name another prefix",
            info.run_id
        ))),
        _ => Ok(()),
    }
}

/// What has been copied already.
struct Copies {
    bucket: Bucket,
    source: PathBuf,
    name: Option<String>,
    /// Length of each file when it was copied.
    copied: BTreeMap<&'static str, u64>,
}

impl Copies {
    fn key(&self, file: &str) -> Result<Key, ResultsError> {
        let relative = match &self.name {
            Some(name) => format!("{name}/{file}"),
            None => file.to_owned(),
        };
        Key::new(&relative).ok_or_else(|| self.bucket.error(format!("{relative:?} is no key")))
    }

    /// Shows others that the place is taken, and this one that it may write.
    fn claim(&mut self) -> Result<(), ResultsError> {
        let empty = tempfile::NamedTempFile::new().map_err(ResultsError::unwritable(&std::env::temp_dir()))?;
        self.bucket.put(&self.key(INTERVALS)?, empty.path(), 0)
    }

    /// Copies the files that have grown.
    fn changed(&mut self) -> Result<(), ResultsError> {
        for name in FILES {
            let path = self.source.join(name);
            let Ok(length) = std::fs::metadata(&path).map(|metadata| metadata.len()) else {
                continue;
            };
            if self.copied.get(name) != Some(&length) {
                self.bucket.put(&self.key(name)?, &path, length)?;
                self.copied.insert(name, length);
            }
        }
        Ok(())
    }

    fn last(mut self) -> Result<(), ResultsError> {
        self.changed()?;
        if self.copied.contains_key(RUN) {
            return Ok(());
        }
        // No run began; whoever may not delete leaves an empty object, which readers pass over.
        for name in [INTERVALS, TABLE] {
            let _ = self.bucket.delete(&self.key(name)?);
        }
        Ok(())
    }
}
