//! Mean time of InfluxDB's writes since they were last looked at. What was seen is kept in a file: a doctor lives for
//! seconds.

use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::prometheus::{Samples, label};

const COUNT: &str = "http_api_request_duration_seconds_count";
const SUM: &str = "http_api_request_duration_seconds_sum";
const PATH: &str = "/api/v2/write";

/// Writes since InfluxDB's start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Writes {
    pub(super) count: f64,
    seconds: f64,
}

impl Writes {
    pub(super) fn of(samples: &Samples) -> Self {
        let sum = |metric| {
            let writes = samples
                .of(metric)
                .filter(|(labels, _)| label(labels, "path") == Some(PATH));
            writes.map(|(_, value)| value).sum()
        };
        Self {
            count: sum(COUNT),
            seconds: sum(SUM),
        }
    }

    /// Mean seconds of the writes after `before`; nothing where there were none.
    fn mean_after(self, before: Self) -> Option<f64> {
        // InfluxDB has been started anew.
        let before = if self.count < before.count || self.seconds < before.seconds {
            Self {
                count: 0.0,
                seconds: 0.0,
            }
        } else {
            before
        };
        let count = self.count - before.count;
        (count > 0.0).then(|| (self.seconds - before.seconds) / count)
    }
}

/// Keeps `now` for the next time. A disk that does not take it is for another check to say.
pub(super) fn mean_since_last(file: &Path, now: Writes) -> Option<f64> {
    let before = std::fs::read(file)
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok());
    let _ = keep(file, now);
    now.mean_after(before?)
}

fn keep(file: &Path, now: Writes) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    draft.write_all(&serde_json::to_vec(&now)?)?;
    draft.persist(file).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_of_the_writes_since_the_last_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state.json");
        let writes = |count, seconds| Writes { count, seconds };
        assert_eq!(mean_since_last(&file, writes(10.0, 1.0)), None);
        assert_eq!(mean_since_last(&file, writes(14.0, 3.0)), Some(0.5));
        assert_eq!(mean_since_last(&file, writes(14.0, 3.0)), None);
        assert_eq!(mean_since_last(&file, writes(2.0, 0.5)), Some(0.25), "after a restart");
    }

    #[test]
    fn writes_are_summed_over_their_labels() {
        let text = format!(
            "{COUNT}{{path=\"/api/v2/write\",user_agent=\"a\"}} 2\n{COUNT}{{path=\"/api/v2/write\",user_agent=\"b\"}} 3\n\
             {COUNT}{{path=\"/api/v2/query\"}} 9\n{SUM}{{path=\"/api/v2/write\"}} 0.5\n"
        );
        let writes = Writes::of(&Samples::new(text));
        assert_eq!(
            writes,
            Writes {
                count: 5.0,
                seconds: 0.5
            }
        );
    }
}
