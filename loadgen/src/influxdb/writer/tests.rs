//! Against the real InfluxDB.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::path::Path;
use std::thread;
use std::time::Instant;

use hdrhistogram::Histogram;
use test_servers::{InfluxDb, Series};

use super::*;
use crate::influxdb::buckets;
use crate::influxdb::names::*;
use crate::influxdb::sample::{Sample, sample};
use crate::influxdb::{Destination, PushError, PushSettings, Pushed, Token, check, push};
use crate::interrupt::Interrupt;
use crate::recorder::latency_histogram;
use crate::tls::TlsSettings;

fn settings(url: &str, token: &str, spool: &Path) -> InfluxSettings {
    InfluxSettings {
        destination: Destination::new(url, InfluxDb::ORGANISATION, InfluxDb::LOADGEN).unwrap(),
        token: Token::new(token).unwrap(),
        tls: TlsSettings::default(),
        spool: spool.to_owned(),
    }
}

fn push_settings(folder: &Path, token: &str) -> PushSettings {
    PushSettings {
        folders: vec![folder.to_owned()],
        url: None,
        org: None,
        bucket: None,
        token: Token::new(token).unwrap(),
        tls: TlsSettings::default(),
    }
}

fn push_all(folder: &Path, token: &str) -> Result<Pushed, PushError> {
    push(&push_settings(folder, token), &Interrupt::new(), &mut |_| {})
}

fn query(influxdb: &InfluxDb, influxql: &str) -> Vec<Series> {
    influxdb.query(InfluxDb::LOADGEN, influxql).unwrap()
}

/// Sums of integer fields over a run, by field.
fn sums(influxdb: &InfluxDb, measurement: &str, filter: &str) -> BTreeMap<String, u64> {
    let series = query(influxdb, &format!("SELECT sum(/./) FROM {measurement} WHERE {filter}"));
    let columns = series.iter().flat_map(|series| &series.points).flat_map(|point| {
        let sum = |name: &String| Some((name.strip_prefix("sum_")?.to_owned(), point.number(name)? as u64));
        point.columns.keys().filter_map(sum).collect::<Vec<_>>()
    });
    columns.collect()
}

fn count(sums: &BTreeMap<String, u64>, field: &str) -> u64 {
    sums.get(field).copied().unwrap_or(0)
}

/// Checks that InfluxDB has every second of these generators, once.
fn assert_complete(influxdb: &InfluxDb, generators: &[&Sample]) {
    let info = &generators[0].info;
    for (index, step) in info.steps.iter().enumerate() {
        let filter = format!("run_id = '{}' AND step = '{}'", info.run_id, step.name);
        let stored = sums(influxdb, STEP_MEASUREMENT, &filter);
        let mut endings = BTreeMap::new();
        let mut latency: Histogram<u64> = latency_histogram();
        let (mut failed, mut sent) = (0, 0);
        for figures in generators.iter().map(|generator| generator.total(index)) {
            latency.add(&figures.latency).unwrap();
            failed += figures.failed;
            sent += figures.sent;
            for (ending, count) in figures.endings {
                *endings.entry(ending.name()).or_insert(0) += count;
            }
        }
        let found = |field: &str| count(&stored, field);
        assert_eq!(found(REQUESTS_FIELD), latency.len(), "{stored:?}");
        assert_eq!(found(FAILED_FIELD), failed);
        assert_eq!(found(BYTES_SENT_FIELD), sent);
        assert_eq!(found("status_200"), endings.get("200").copied().unwrap_or(0));
        assert_eq!(found("status_503"), endings.get("503").copied().unwrap_or(0));
        assert_eq!(found("error_timeout"), endings.get("timeout").copied().unwrap_or(0));
        let stored = sums(influxdb, LATENCY_MEASUREMENT, &filter);
        let expected: BTreeMap<_, _> = buckets::counts(&latency)
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .collect();
        let stored: BTreeMap<_, _> = stored
            .iter()
            .map(|(field, count)| (field.as_str(), *count))
            .filter(|(_, count)| *count > 0)
            .collect();
        assert_eq!(stored, expected);
    }
    let of_run = format!("run_id = '{}'", info.run_id);
    let requests: u64 = generators.iter().map(|generator| generator.requests()).sum();
    assert_eq!(
        count(&sums(influxdb, GENERATOR_MEASUREMENT, &of_run), REQUESTS_FIELD),
        requests
    );
    let ends = format!("{of_run} AND event = '{EVENT_END}'");
    assert_eq!(
        count(&sums(influxdb, EVENT_MEASUREMENT, &ends), REQUESTS_FIELD),
        requests
    );
    let starts = query(
        influxdb,
        &format!("SELECT count(title) FROM {EVENT_MEASUREMENT} WHERE {of_run} AND event = '{EVENT_START}'"),
    );
    assert_eq!(starts[0].numbers("count"), [generators.len() as f64]);
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(60), "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn files(folder: &Path) -> Vec<(PathBuf, String)> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read_to_string(&path).unwrap()))
        .collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for (path, content) in files(from) {
        fs::write(to.join(path.file_name().unwrap()), content).unwrap();
    }
}

#[test]
fn sums_over_generators_steps_and_seconds_are_what_was_counted() {
    let influxdb = InfluxDb::shared();
    let spool = tempfile::tempdir().unwrap();
    let generators = [sample("sums", "1/2", 3, 5, 1), sample("sums", "2/2", 3, 5, 2)];
    let mut random = fastrand::Rng::with_seed(4);
    for generator in &generators {
        let settings = settings(&influxdb.url(), influxdb.loadgen_writer_token(), spool.path());
        let mut output = InfluxOutput::start(&settings).unwrap();
        output.begin(&generator.info);
        for interval in &generator.intervals {
            output.interval(interval);
            thread::sleep(Duration::from_millis(random.u64(0..30)));
        }
        output.end(&generator.result());
        let delivery = output.finish();
        assert_eq!(delivery.to_string(), "");
    }
    assert_complete(influxdb, &generators.each_ref());
    assert_eq!(fs::read_dir(spool.path()).unwrap().count(), 0, "a spool is left");
    let series = query(influxdb, "SHOW SERIES WHERE run_id = 'sums'");
    // Per generator: two for each step, one of its own, two events.
    assert_eq!(
        series.iter().map(|series| series.points.len()).sum::<usize>(),
        2 * (2 * 3 + 1 + 2)
    );
    let tagged = query(
        influxdb,
        "SELECT requests FROM loadgen_step WHERE branch = 'a/b /' AND run_id = 'sums'",
    );
    assert_eq!(tagged[0].points.len(), 2 * 3 * 5);
}

#[test]
fn a_restart_of_influxdb_loses_nothing() {
    let mut influxdb = InfluxDb::start().unwrap();
    let spool = tempfile::tempdir().unwrap();
    let sample = sample("restart", "1/1", 2, 9, 3);
    let settings = settings(&influxdb.url(), influxdb.loadgen_writer_token(), spool.path());
    let mut output = InfluxOutput::start(&settings).unwrap();
    output.begin(&sample.info);
    let mut notes = Vec::new();
    for (number, interval) in sample.intervals.iter().enumerate() {
        if number == 3 {
            influxdb.kill().unwrap();
        }
        if number == 6 {
            wait_until("a spool", || fs::read_dir(spool.path()).unwrap().count() == 1);
            influxdb.restart().unwrap();
        }
        output.interval(interval);
        notes.extend(output.take_notes());
    }
    output.end(&sample.result());
    let delivery = output.finish();
    notes.extend(delivery.notes);
    assert_eq!((delivery.left, delivery.lost), (None, 0));
    assert!(
        notes.len() == 2 && notes[0].contains("does not answer") && notes[1].contains("again"),
        "{notes:?}"
    );
    assert_complete(&influxdb, &[&sample]);
}

#[test]
fn what_influxdb_never_took_is_pushed_once_and_for_all() {
    let mut influxdb = InfluxDb::start().unwrap();
    let root = tempfile::tempdir().unwrap();
    let spool = root.path().join("out/influxdb");
    let sample = sample("away", "3/4", 2, 4, 3);
    let token = influxdb.loadgen_writer_token().to_owned();
    let mut output = InfluxOutput::start(&settings(&influxdb.url(), &token, &spool)).unwrap();
    influxdb.stop().unwrap();
    output.begin(&sample.info);
    sample.intervals.iter().for_each(|interval| output.interval(interval));
    output.end(&sample.result());
    let delivery = output.close(Duration::from_millis(200));
    let folder = spool.join("away-3-4");
    let points = 2 + 4 * (2 * 2 + 1);
    assert_eq!(delivery.left, Some((points, folder.clone())));
    let said = delivery.to_string();
    assert!(said.contains(&format!("loadgen push {}", folder.display())), "{said}");
    for (path, content) in files(&folder) {
        assert!(!content.contains(&token), "the token is in {path:?}");
    }
    copy(&folder, &root.path().join("again"));

    influxdb.restart().unwrap();
    let error = push_all(&folder, "nonsense").unwrap_err().to_string();
    assert!(error.contains("does not know the token"), "{error}");
    let pushed = Pushed { spools: 1, points };
    assert_eq!(push_all(&root.path().join("out"), &token).unwrap(), pushed);
    assert!(!folder.exists());
    assert_complete(&influxdb, &[&sample]);
    assert_eq!(push_all(&root.path().join("again"), &token).unwrap(), pushed);
    assert_complete(&influxdb, &[&sample]);
    assert_eq!(push_all(&root.path().join("out"), &token).unwrap(), Pushed::default());
    assert!(matches!(push_all(&folder, &token), Err(PushError::Folder { .. })));
}

#[test]
fn a_token_refused_during_the_run_is_reported_once() {
    let influxdb = InfluxDb::shared();
    let spool = tempfile::tempdir().unwrap();
    let sample = sample("refused", "1/1", 1, 5, 3);
    let reader = influxdb.reader_token();
    let mut output = InfluxOutput::start(&settings(&influxdb.url(), reader, spool.path())).unwrap();
    output.begin(&sample.info);
    for interval in &sample.intervals {
        output.interval(interval);
        thread::sleep(Duration::from_millis(20));
    }
    output.end(&sample.result());
    let begin = Instant::now();
    let delivery = output.finish();
    assert!(begin.elapsed() < Duration::from_secs(5), "waited for what cannot come");
    assert_eq!(delivery.notes.len(), 1, "{:?}", delivery.notes);
    assert!(
        delivery.notes[0].contains("may not write to the bucket `loadgen`"),
        "{:?}",
        delivery.notes
    );
    assert!(!format!("{delivery:?}{delivery}").contains(reader));
    let (points, folder) = delivery.left.unwrap();
    assert_eq!((points, delivery.lost), (2 + 5 * 3, 0));
    // The data that a type conflict spoils stays, the rest of the run goes on.
    fs::write(
        folder.join("999999.lp"),
        "loadgen_step,run_id=refused requests=\"text\" 1\n",
    )
    .unwrap();
    let error = push_all(&folder, influxdb.loadgen_writer_token())
        .unwrap_err()
        .to_string();
    assert!(error.contains("refuses the figures"), "{error}");
    assert_complete(influxdb, &[&sample]);
    assert_eq!(
        files(&folder)
            .iter()
            .filter(|(path, _)| path.extension().is_some_and(|end| end == "lp"))
            .count(),
        1
    );
}

/// Accepts, reads a little, and never answers.
#[test]
fn a_silent_influxdb_is_never_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let silent = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // Until the other end gives up.
        while stream.read(&mut [0; 1024]).is_ok_and(|length| length > 0) {}
    });
    let spool = tempfile::tempdir().unwrap();
    let sample = sample("silent", "1/1", 10, 30, 3);
    let mut output = InfluxOutput::start(&settings(&url, "token", spool.path())).unwrap();
    output.begin(&sample.info);
    for (number, interval) in sample.intervals.iter().enumerate() {
        let begin = Instant::now();
        output.interval(interval);
        assert!(begin.elapsed() < Duration::from_millis(200), "{:?}", begin.elapsed());
        // A queue that is never full shows that the thread is not waiting either.
        let folder = spool.path().join("silent-1-1/000000.lp");
        if number > 0 {
            let end = format!(" {}\n", (sample.info.started_at_ms + number as u64 * 1000) * 1_000_000);
            wait_until("the second on disk", || {
                fs::read_to_string(&folder).is_ok_and(|text| text.ends_with(&end))
            });
        }
    }
    // As where the run fails: what was counted is not lost.
    drop(output);
    let text = fs::read_to_string(spool.path().join("silent-1-1/000000.lp")).unwrap();
    assert_eq!(text.lines().count(), 1 + 30 * 21);
    silent.join().unwrap();
}

#[test]
fn without_influxdb_and_disk_the_loss_is_counted_and_reported_once() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    let sample = sample("nowhere", "1/1", 1, 5, 3);
    let settings = settings(&format!("http://{closed}"), "token", &file);
    let error = check(&settings).unwrap_err().to_string();
    assert!(error.contains("does not answer (Connection refused"), "{error}");
    let mut output = InfluxOutput::start(&settings).unwrap();
    output.begin(&sample.info);
    sample.intervals.iter().for_each(|interval| output.interval(interval));
    let delivery = output.close(Duration::ZERO);
    assert_eq!((delivery.left.is_none(), delivery.lost), (true, 1 + 5 * 3));
    assert_eq!(
        delivery
            .notes
            .iter()
            .filter(|note| note.contains("cannot be kept"))
            .count(),
        1,
        "{:?}",
        delivery.notes
    );
}

#[test]
fn what_cannot_be_read_from_the_spool_is_left_to_a_push() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let spool = tempfile::tempdir().unwrap();
    let sample = sample("unread", "1/1", 1, 5, 3);
    let settings = settings(&format!("http://{closed}"), "token", spool.path());
    let mut output = InfluxOutput::start(&settings).unwrap();
    output.begin(&sample.info);
    let file = spool.path().join("unread-1-1/000000.lp");
    wait_until("a spool", || file.exists());
    let aside = file.with_extension("aside");
    fs::rename(&file, &aside).unwrap();
    wait_until("the file is missed", || {
        output.take_notes().iter().any(|note| note.contains("cannot be kept"))
    });
    sample.intervals.iter().for_each(|interval| output.interval(interval));
    let delivery = output.close(Duration::ZERO);
    fs::rename(&aside, &file).unwrap();
    let (points, folder) = delivery.left.unwrap();
    assert_eq!((points, delivery.lost), (1 + 5 * 3, 0));
    assert_eq!(spool::Spool::open(&folder).unwrap().0.points(), points);
}

#[test]
fn the_spool_is_bounded() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let spool = tempfile::tempdir().unwrap();
    let sample = sample("bounded", "1/1", 20, 20, 3);
    let settings = settings(&format!("http://{closed}"), "token", spool.path());
    let mut output = InfluxOutput::start_bounded(&settings, 100_000).unwrap();
    output.begin(&sample.info);
    for (number, interval) in sample.intervals.iter().enumerate() {
        output.interval(interval);
        let end = format!(" {}\n", (sample.info.started_at_ms + number as u64 * 1000) * 1_000_000);
        wait_until("the second on disk", || {
            let folder = spool.path().join("bounded-1-1");
            folder.exists()
                && fs::read_dir(folder)
                    .unwrap()
                    .filter_map(Result::ok)
                    .any(|entry| fs::read_to_string(entry.path()).is_ok_and(|text| text.ends_with(&end)))
        });
    }
    let delivery = output.close(Duration::ZERO);
    let (points, folder) = delivery.left.unwrap();
    assert_eq!(points + delivery.lost, 1 + 20 * 41);
    let size: usize = files(&folder).iter().map(|(_, content)| content.len()).sum();
    assert!(size <= 100_000 + 500 && delivery.lost > 0, "{size}");
    assert!(
        delivery.notes.iter().any(|note| note.contains("full")),
        "{:?}",
        delivery.notes
    );
}
