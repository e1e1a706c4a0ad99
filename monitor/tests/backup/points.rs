use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use crate::host::{Host, wait};

const BATCH: u64 = 500;
const DAY_NS: u64 = 86_400_000_000_000;

/// A batch spread over ten days, so over as many shards.
fn batch(number: u64, now_ns: u64) -> String {
    let line = |point: u64| {
        let time = now_ns - (point % 10) * DAY_NS - point;
        format!("sequence,host=h{} value={point}i {time}\n", point % 50)
    };
    (number * BATCH..(number + 1) * BATCH).map(line).collect()
}

fn now_ns() -> u64 {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    u64::try_from(now.as_nanos()).unwrap()
}

#[test]
fn every_point_acknowledged_before_a_backup_began_is_there_after_a_restore() {
    let mut host = Host::with_data();
    let (writer, now) = (host.writer(), now_ns());
    let (acknowledged, over) = (AtomicU64::new(0), AtomicBool::new(false));
    let promised = thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                let number = acknowledged.load(Ordering::SeqCst);
                if writer.write(batch(number, now)) {
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        wait("enough is written", || acknowledged.load(Ordering::SeqCst) >= 40);
        let promised = acknowledged.load(Ordering::SeqCst) * BATCH;
        let manifest = host.json(0, &["backup", "--label", "under load"]);
        over.store(true, Ordering::SeqCst);
        let points = manifest["contents"]["points"].as_array().unwrap();
        let counted: u64 = points
            .iter()
            .filter(|points| points["measurement"] == "sequence")
            .map(|points| points["points"].as_u64().unwrap())
            .sum();
        assert!(counted >= promised, "{counted} counted, {promised} acknowledged");
        promised
    });
    host.stop_influxdb();
    let backups = host.beside("backups");
    fs::rename(host.data().join("backups"), &backups).unwrap();
    let (token, table) = (
        host.token(),
        fs::read(host.data().join("jaeger/keys/000001.sst")).unwrap(),
    );
    fs::remove_dir_all(host.data()).unwrap();

    let from = backups.display().to_string();
    let restored = host.json(0, &["restore", "--from", &from, "--no-start"]);
    assert_eq!(restored["comparison"], serde_json::Value::Null);
    assert_eq!(host.token(), token);
    assert_eq!(fs::read(host.data().join("jaeger/keys/000001.sst")).unwrap(), table);
    assert_eq!(
        fs::read_to_string(host.data().join("settings.env")).unwrap(),
        "AWS_REGION=eu-west-3\n"
    );
    let dashboards = host
        .grafana()
        .query_row("SELECT count(*) FROM dashboard", [], |row| row.get::<_, i64>(0));
    assert_eq!(dashboards.unwrap(), 2);
    for secret in ["secrets/influxdb-operator-token", "influxdb/influxd.bolt"] {
        let mode = fs::metadata(host.data().join(secret)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{secret}");
    }
    host.start_influxdb();
    let found = host.number(&format!(
        "from(bucket: \"telemetry\") |> range(start: -30d) |> filter(fn: (r) => r._measurement == \"sequence\" and \
         r._value < {promised}) |> group() |> count()"
    ));
    assert_eq!(found, promised);
}

#[test]
fn points_of_a_bucket_with_any_name_are_counted() {
    // What Flux would work out, what it escapes, and an accent of its own.
    let name = "of ${team} \\ 1, cafe\u{301}";
    let host = Host::with_data();
    host.make_bucket(name);
    assert!(host.writer_of(name).write("m value=1\n".to_owned()));
    let manifest = host.json(0, &["backup"]);
    let points = manifest["contents"]["points"].as_array().unwrap();
    let counted = points.iter().find(|points| points["bucket"] == name);
    assert_eq!(counted.unwrap()["points"], 1, "{manifest}");
}

#[test]
fn what_was_deleted_before_a_backup_stays_deleted() {
    let mut host = Host::with_data();
    let now = now_ns();
    assert!(host.writer().write(format!("gone value=1 {now}\nkept value=1 {now}\n")));
    // Puts the points into a file of their shard, which a deletion leaves as it is.
    host.back_up();
    host.delete("gone");
    host.back_up();
    host.stop_influxdb();
    host.json(0, &["restore", "latest", "--force", "--no-start"]);
    host.start_influxdb();
    for (measurement, points) in [("gone", 0), ("kept", 1)] {
        let flux = format!(
            "from(bucket: \"telemetry\") |> range(start: -1d) |> filter(fn: (r) => r._measurement == \"{measurement}\") \
             |> group() |> count()"
        );
        assert_eq!(host.number(&flux), points, "{measurement}");
    }
}
