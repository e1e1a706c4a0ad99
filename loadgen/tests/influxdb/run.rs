//! `loadgen run … --influx-url` and `loadgen push`, from outside.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use loadgen::influxdb::names::*;
use serde_json::Value;
use tempfile::TempDir;
use test_servers::InfluxDb;

use crate::command::{self, Running};
use crate::target_server::{Reply, TargetServer};

/// Nothing that a test waits for takes as long.
const DEADLINE: Duration = Duration::from_secs(120);

/// A folder that is the run's own for everything it writes, and its command line.
struct Run {
    folder: TempDir,
    arguments: Vec<String>,
    url: String,
    token: String,
}

#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    text: String,
    summary: Option<Value>,
}

impl Run {
    fn new(influxdb: &InfluxDb, id: &str, target: &str, arguments: &[&str]) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            arguments: [&["run", target, "--run-id", id], arguments]
                .concat()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            url: influxdb.url(),
            token: influxdb.loadgen_writer_token().to_owned(),
        }
    }

    fn spool(&self) -> PathBuf {
        self.folder.path().join("spool")
    }

    fn start(&self) -> Running {
        let mut command = loadgen(&self.token);
        command
            .args(&self.arguments)
            .args(["--influx-url", &self.url])
            .arg("--influx-spool")
            .arg(self.spool())
            .arg("--summary-json")
            .arg(self.summary());
        command::spawn(&mut command, "")
    }

    fn wait(&self, running: Running) -> Ended {
        let outcome = running.wait();
        Ended {
            code: outcome.code,
            text: outcome.stdout + &outcome.stderr,
            summary: fs::read(self.summary())
                .ok()
                .and_then(|json| serde_json::from_slice(&json).ok()),
        }
    }

    fn summary(&self) -> PathBuf {
        self.folder.path().join("summary.json")
    }

    fn run(&self) -> Ended {
        self.wait(self.start())
    }

    /// The one folder in the spool.
    fn left(&self) -> PathBuf {
        let mut folders: Vec<PathBuf> = fs::read_dir(self.spool())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(folders.len(), 1, "{folders:?}");
        folders.remove(0)
    }

    fn is_spooled(&self) -> bool {
        fs::read_dir(self.spool()).is_ok_and(|mut entries| entries.next().is_some())
    }
}

/// The program, with no setting from the environment of the tests but the token.
fn loadgen(token: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
    for variable in ["INFLUX_URL", "INFLUX_ORG", "INFLUX_BUCKET", "INFLUX_TOKEN_FILE"] {
        command.env_remove(variable);
    }
    command.env("INFLUX_TOKEN", token);
    command
}

fn push(folder: &Path, token: &str) -> Output {
    loadgen(token).arg("push").arg(folder).output().unwrap()
}

fn target() -> TargetServer {
    // One in seven fails, so that there is something to tell apart.
    TargetServer::start(|_, number| {
        Reply::status(if number % 7 == 0 { 503 } else { 200 }, "hello").after(Duration::from_millis(1))
    })
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < DEADLINE, "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Sums of a measurement's numbers over a run, by field.
fn sums(influxdb: &InfluxDb, measurement: &str, id: &str) -> BTreeMap<String, u64> {
    let query = format!("SELECT sum(/./) FROM {measurement} WHERE run_id = '{id}'");
    let series = influxdb.query(InfluxDb::LOADGEN, &query).unwrap();
    let points = series.iter().flat_map(|series| &series.points);
    points
        .flat_map(|point| {
            point
                .columns
                .keys()
                .filter_map(|name| Some((name.strip_prefix("sum_")?.to_owned(), point.number(name)? as u64)))
        })
        .collect()
}

fn requests(influxdb: &InfluxDb, id: &str) -> u64 {
    sums(influxdb, STEP_MEASUREMENT, id)
        .get(REQUESTS_FIELD)
        .copied()
        .unwrap_or(0)
}

/// Checks that InfluxDB has what the summary says, and every second of it once.
fn assert_complete(influxdb: &InfluxDb, id: &str, summary: &Value) {
    let steps = sums(influxdb, STEP_MEASUREMENT, id);
    for field in [REQUESTS_FIELD, FAILED_FIELD, BYTES_SENT_FIELD, BYTES_RECEIVED_FIELD] {
        assert_eq!(steps.get(field).copied(), summary[field].as_u64(), "{field}: {steps:?}");
    }
    for (status, count) in summary["status"].as_object().unwrap() {
        let is_status = status.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = if is_status {
            STATUS_FIELD_PREFIX
        } else {
            ERROR_FIELD_PREFIX
        };
        assert_eq!(
            steps.get(&format!("{prefix}{status}")).copied(),
            count.as_u64(),
            "{status}"
        );
    }
    let generator = sums(influxdb, GENERATOR_MEASUREMENT, id);
    for field in [REQUESTS_FIELD, FAILED_FIELD, DUE_FIELD, DROPPED_FIELD] {
        assert_eq!(
            generator.get(field).copied(),
            summary[field].as_u64(),
            "{field}: {generator:?}"
        );
    }
    let buckets: u64 = sums(influxdb, LATENCY_MEASUREMENT, id).values().sum();
    assert_eq!(Some(buckets), summary["requests"].as_u64());
    let events = influxdb
        .query(
            InfluxDb::LOADGEN,
            &format!("SELECT title FROM {EVENT_MEASUREMENT} WHERE run_id = '{id}' GROUP BY event"),
        )
        .unwrap();
    let titles: Vec<&str> = events
        .iter()
        .flat_map(|series| &series.points)
        .filter_map(|point| point.text(TITLE_FIELD))
        .collect();
    assert_eq!(titles.len(), 2, "{titles:?}");
}

#[test]
fn influxdb_the_summary_and_the_target_agree() {
    let influxdb = InfluxDb::shared();
    let target = target();
    let run = Run::new(
        influxdb,
        "agree",
        &target.url("/"),
        &["--rate", "200/s", "--duration", "4s", "--tag", "branch=a b"],
    );
    let ended = run.run();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let summary = ended.summary.unwrap();
    // The first request finds out whether there is a target, and is not counted.
    let seen = target.requests();
    let counted = summary["requests"].as_u64().unwrap();
    assert!(seen == counted || seen == counted + 1, "{seen} seen, {counted} counted");
    assert_complete(influxdb, "agree", &summary);
    assert!(!run.is_spooled());
    assert!(!ended.text.contains(&run.token) && !summary.to_string().contains(&run.token));
    let series = influxdb
        .query(InfluxDb::LOADGEN, "SHOW SERIES WHERE run_id = 'agree'")
        .unwrap();
    let keys: usize = series.iter().map(|series| series.points.len()).sum();
    assert_eq!(keys, 5, "step, latency, generator, start, end: {series:?}");
    let seconds = influxdb
        .query(
            InfluxDb::LOADGEN,
            "SELECT count(requests) FROM loadgen_step WHERE run_id = 'agree' AND branch = 'a b'",
        )
        .unwrap();
    assert!((4.0..=6.0).contains(&seconds[0].numbers("count")[0]), "{seconds:?}");
}

#[test]
fn influxdb_killed_and_restarted_during_a_run_has_everything_in_the_end() {
    let mut influxdb = InfluxDb::start().unwrap();
    let target = target();
    let run = Run::new(
        &influxdb,
        "restarted",
        &target.url("/"),
        &["--vus", "4", "--duration", "10s"],
    );
    let running = run.start();
    wait_until("figures in InfluxDB", || requests(&influxdb, "restarted") > 0);
    influxdb.kill().unwrap();
    wait_until("figures on disk", || run.is_spooled());
    influxdb.restart().unwrap();
    let ended = run.wait(running);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.text.matches("does not answer").count(), 1, "{}", ended.text);
    if run.is_spooled() {
        assert!(push(&run.left(), &run.token).status.success());
    }
    assert_complete(&influxdb, "restarted", &ended.summary.unwrap());
}

#[test]
fn a_run_without_influxdb_at_its_end_is_complete_after_a_push_and_no_other_after_two() {
    let mut influxdb = InfluxDb::start().unwrap();
    let target = target();
    let run = Run::new(
        &influxdb,
        "pushed",
        &target.url("/"),
        &["--vus", "4", "--duration", "4s"],
    );
    let running = run.start();
    wait_until("figures in InfluxDB", || requests(&influxdb, "pushed") > 0);
    influxdb.kill().unwrap();
    let ended = run.wait(running);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let left = run.left();
    assert!(
        ended.text.contains(&format!("loadgen push {}", left.display())),
        "{}",
        ended.text
    );
    let copy = run.folder.path().join("copy");
    fs::create_dir(&copy).unwrap();
    for entry in fs::read_dir(&left).unwrap() {
        let path = entry.unwrap().path();
        assert!(!fs::read_to_string(&path).unwrap().contains(&run.token), "{path:?}");
        fs::copy(&path, copy.join(path.file_name().unwrap())).unwrap();
    }
    let away = push(&left, &run.token);
    assert!(away.status.code() == Some(1) && left.exists(), "{away:?}");

    influxdb.restart().unwrap();
    let summary = ended.summary.unwrap();
    for folder in [left, copy] {
        let pushed = push(&folder, &run.token);
        assert!(pushed.status.success() && !folder.exists(), "{pushed:?}");
        assert_complete(&influxdb, "pushed", &summary);
    }
}

#[test]
fn a_killed_generator_leaves_its_figures_on_disk() {
    let mut influxdb = InfluxDb::start().unwrap();
    let target = target();
    let run = Run::new(
        &influxdb,
        "killed",
        &target.url("/"),
        &["--vus", "2", "--duration", "60s"],
    );
    let running = run.start();
    wait_until("figures in InfluxDB", || requests(&influxdb, "killed") > 0);
    influxdb.stop().unwrap();
    let spooled_points = || {
        let text = fs::read_to_string(run.left().join("000000.lp")).unwrap_or_default();
        text.matches(STEP_MEASUREMENT).count()
    };
    wait_until("three seconds on disk", || run.is_spooled() && spooled_points() >= 3);
    running.signal(rustix::process::Signal::KILL);
    assert_eq!(running.wait().code, None);
    influxdb.restart().unwrap();
    let before = requests(&influxdb, "killed");
    assert!(push(&run.left(), &run.token).status.success());
    assert!(requests(&influxdb, "killed") > before);
    let seconds = influxdb
        .query(
            InfluxDb::LOADGEN,
            "SELECT count(requests) FROM loadgen_step WHERE run_id = 'killed'",
        )
        .unwrap();
    assert!(seconds[0].numbers("count")[0] >= 4.0, "{seconds:?}");
}

#[test]
fn wrong_settings_are_found_before_the_target_sees_anything() {
    let influxdb = InfluxDb::shared();
    let target = target();
    let with = |token: &str, arguments: &[&str]| {
        let mut run = Run::new(influxdb, "wrong", &target.url("/"), arguments);
        run.token = token.to_owned();
        run
    };
    let good = influxdb.loadgen_writer_token();
    for (run, expected) in [
        (with("nonsense", &[]), "does not know the token"),
        (with(influxdb.reader_token(), &[]), "may not write"),
        (with(good, &["--influx-bucket", "nothing"]), "no bucket `nothing`"),
        (with(good, &["--influx-org", "nobody"]), "no organisation `nobody`"),
        (
            with(good, &["--tag", "run_id=x"]),
            "the tag run_id is set by loadgen itself",
        ),
    ] {
        let ended = run.run();
        assert!(matches!(ended.code, Some(1 | 2)), "{ended:?}");
        assert!(
            ended.text.contains(expected) && !ended.text.contains(&run.token),
            "{ended:?}"
        );
    }
    assert_eq!(target.requests(), 0);
}
