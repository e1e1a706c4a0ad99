//! `push` on folders as a run leaves them.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use loadgen::influxdb::{PushError, PushSettings, Pushed, Token, push};
use loadgen::interrupt::Interrupt;
use loadgen::tls::TlsSettings;
use test_servers::InfluxDb;

fn spool(folder: &Path, url: &str, lines: &str) {
    fs::create_dir_all(folder).unwrap();
    let destination = format!(r#"{{"url":"{url}","org":"marketboro","bucket":"loadgen"}}"#);
    fs::write(folder.join("destination.json"), destination).unwrap();
    fs::write(folder.join("000000.lp"), lines).unwrap();
}

fn settings(folder: &Path, token: &str) -> PushSettings {
    PushSettings {
        folders: vec![folder.to_owned()],
        url: None,
        org: None,
        bucket: None,
        token: Token::new(token).unwrap(),
        tls: TlsSettings::default(),
    }
}

/// Many points, the last one torn.
fn lines(measurement: &str, points: u64) -> String {
    let yesterday = SystemTime::now() - Duration::from_hours(24);
    let first = yesterday.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
    let line = |number| {
        let time = first + u128::from(number) * 1_000_000;
        format!("{measurement},run_id=x n={number}i {time}\n")
    };
    (0..points).map(line).collect::<String>() + measurement + ",run_id=x n=1"
}

fn stored(influxdb: &InfluxDb, measurement: &str) -> (f64, f64) {
    let query = format!("SELECT count(n), sum(n) FROM {measurement}");
    let series = influxdb.query(InfluxDb::LOADGEN, &query).unwrap();
    (series[0].numbers("count")[0], series[0].numbers("sum")[0])
}

#[test]
fn folders_of_several_runs_are_sent_and_removed() {
    const POINTS: u64 = 30_000;
    let influxdb = InfluxDb::shared();
    let root = tempfile::tempdir().unwrap();
    let (one, two) = (
        root.path().join("influxdb/run-1-2"),
        root.path().join("influxdb/run-2-2"),
    );
    spool(&one, &influxdb.url(), &lines("one", POINTS));
    spool(&two, &influxdb.url(), &lines("two", 1));
    fs::write(root.path().join("intervals.csv"), "not ours").unwrap();
    let mut settings = settings(root.path(), influxdb.loadgen_writer_token());
    settings.folders.push(one.clone());
    let mut steps = Vec::new();
    let pushed = push(&settings, &Interrupt::new(), &mut |progress| {
        steps.push((progress.sent, progress.points));
    });
    assert_eq!(
        pushed.unwrap(),
        Pushed {
            spools: 2,
            points: POINTS + 1
        }
    );
    assert!(
        steps.len() > 4 && steps.contains(&(0, POINTS)) && steps.contains(&(POINTS, POINTS)),
        "{steps:?}"
    );
    assert_eq!(
        stored(influxdb, "one"),
        (POINTS as f64, (POINTS * (POINTS - 1) / 2) as f64)
    );
    assert!(!one.exists() && !two.exists());
    assert!(root.path().join("intervals.csv").exists());
}

#[test]
fn a_damaged_or_busy_folder_does_not_keep_the_others_back() {
    let influxdb = InfluxDb::shared();
    let root = tempfile::tempdir().unwrap();
    let folder = |name: &str| root.path().join(name);
    for name in ["a", "b", "c"] {
        spool(&folder(name), &influxdb.url(), &lines(&format!("kept_{name}"), 5));
    }
    fs::write(folder("a").join("destination.json"), "{").unwrap();
    let lock = fs::File::create(folder("b").join("lock")).unwrap();
    lock.lock().unwrap();
    let settings = settings(root.path(), influxdb.loadgen_writer_token());
    let error = push(&settings, &Interrupt::new(), &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
    assert!(folder("a").exists() && !folder("c").exists());
    assert_eq!(stored(influxdb, "kept_c"), (5.0, 10.0));
    fs::remove_dir_all(folder("a")).unwrap();
    let error = push(&settings, &Interrupt::new(), &mut |_| {}).unwrap_err();
    assert!(matches!(error, PushError::Locked { .. }), "{error}");
    drop(lock);
    let interrupt = Interrupt::new();
    interrupt.request();
    let error = push(&settings, &interrupt, &mut |_| {}).unwrap_err();
    assert!(matches!(error, PushError::Interrupted { .. }), "{error}");
    assert_eq!(push(&settings, &Interrupt::new(), &mut |_| {}).unwrap().points, 5);
    assert_eq!(stored(influxdb, "kept_b"), (5.0, 10.0));
}
