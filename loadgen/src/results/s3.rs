//! Results in S3: written to a temporary folder and copied from there, so that a slow or absent S3 never slows a run,
//! and copied to a temporary folder to be read.

mod bucket;
#[cfg(test)]
mod tests;
mod upload;

use std::sync::Arc;

use super::{GeneratorResults, INTERVALS, RUN, ResultsError, SUMMARY};
use bucket::Bucket;
#[cfg(test)]
use bucket::Key;
pub(super) use upload::Upload;

/// The files that loadgen itself reads.
const FILES_READ: [&str; 3] = [RUN, INTERVALS, SUMMARY];

/// The results of all generators that have left some below a prefix.
pub(super) fn download(bucket: &str, prefix: &str) -> Result<Vec<GeneratorResults>, ResultsError> {
    download_from(&Bucket::connect(bucket, prefix)?)
}

fn download_from(bucket: &Bucket) -> Result<Vec<GeneratorResults>, ResultsError> {
    let folder = tempfile::tempdir().map_err(ResultsError::unwritable(&std::env::temp_dir()))?;
    let mut found = false;
    for key in bucket.list()? {
        if FILES_READ.contains(&key.file()) {
            bucket.get(&key, &folder.path().join(key.relative()))?;
            found = true;
        }
    }
    if !found {
        return Err(bucket.error("there are no results below it; name a prefix that `loadgen run --out` wrote to"));
    }
    let folder = Arc::new(folder);
    let mut results = GeneratorResults::of_folder(folder.path())?;
    for generator in &mut results {
        let below = generator
            .folder()
            .strip_prefix(folder.path())
            .unwrap_or(generator.folder());
        let place = format!("{}{}", bucket.place(), below.display());
        generator.copied_from(place, Arc::clone(&folder));
    }
    Ok(results)
}
