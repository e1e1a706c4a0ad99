use std::fs;
use std::process::{Child, Stdio};
use std::thread;

use crate::host::{Host, json_of, kill, tree, wait};

/// A backup that has written InfluxDB's parts and waits for Grafana's database, which is locked as long as the
/// connection is there.
fn waiting_backup(host: &Host) -> (Child, rusqlite::Connection) {
    let grafana = host.grafana();
    grafana.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let backup = host
        .monitor(["--json", "backup"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let backups = host.data().join("backups");
    wait("the backup has parts", || {
        let newest = fs::read_dir(&backups).ok().and_then(|mut found| found.next());
        newest.is_some_and(|folder| folder.unwrap().path().join("influxdb-wal.zst").exists())
    });
    (backup, grafana)
}

#[test]
fn a_killed_backup_is_incomplete_and_in_nobodys_way() {
    let host = Host::with_data();
    let (mut backup, grafana) = waiting_backup(&host);
    kill(&backup, "KILL");
    backup.wait().unwrap();
    drop(grafana);
    let listed = host.json(3, &["backup", "list"]);
    let lacks = listed["backups"][0]["lacks"].as_str().unwrap();
    assert!(lacks.contains("interrupted"), "{lacks}");
    // It may be one that is being taken.
    let pruned = host.json(0, &["backup", "prune"]);
    assert_eq!(pruned["removed"].as_array().unwrap().len(), 0);
    host.back_up();
    let listed = host.json(0, &["backup", "list"]);
    assert_eq!(listed["backups"][0]["complete"], true);
    assert!(!host.data().join(".backup").exists());
}

#[test]
fn an_interrupted_backup_leaves_nothing() {
    let host = Host::with_data();
    let (backup, grafana) = waiting_backup(&host);
    kill(&backup, "TERM");
    let answer = json_of(&backup.wait_with_output().unwrap(), 130);
    assert!(answer["error"].as_str().unwrap().contains("interrupted"));
    drop(grafana);
    assert_eq!(fs::read_dir(host.data().join("backups")).unwrap().count(), 0);
    assert!(!host.data().join(".backup").exists());
}

#[test]
fn two_at_once_are_refused() {
    let host = Host::with_data();
    let (backup, grafana) = waiting_backup(&host);
    for arguments in [&["backup"][..], &["restore", "--force", "--no-start"]] {
        let error = host.refused(arguments);
        assert!(error.contains(&format!("process {}", backup.id())), "{error}");
    }
    drop(grafana);
    let manifest = json_of(&backup.wait_with_output().unwrap(), 0);
    assert_eq!(manifest["contents"]["dashboards"], 2);
}

#[test]
fn a_restore_killed_at_any_time_leaves_the_old_data_or_is_undone_by_the_next() {
    let mut host = Host::with_data();
    host.back_up();
    let marker = host.data().join("secrets/only-here");
    host.stop_influxdb();
    fs::write(&marker, "old").unwrap();
    let old = tree(host.data());
    let begun = std::time::Instant::now();
    // How long a whole one takes, without its last step.
    host.refused(&["restore", "--no-start"]);
    let mut whole = begun.elapsed() * 3;
    for share in 0..24 {
        let restore = host
            .monitor(["restore", "--force", "--no-start"])
            .stderr(Stdio::null())
            .spawn();
        let mut restore = restore.unwrap();
        thread::sleep(whole * share / 16);
        // It may have ended meanwhile.
        let _ = restore.kill();
        let status = restore.wait().unwrap();
        if host.data().join(".restore/replacing").exists() {
            // Undone before anything else, even where the rest is refused.
            let error = host.refused(&["restore", "20200101T000000Z", "--force", "--no-start"]);
            assert!(error.contains("there is no backup"), "{error}");
            assert!(tree(host.data()) == old, "killed at {share}, undone, and not as it was");
        } else if marker.exists() {
            assert!(tree(host.data()) == old, "killed at {share}, and not as it was");
        } else {
            // It was done; begin anew with the old data.
            whole = whole * 3 / 4;
            for (name, content) in &old {
                fs::create_dir_all(host.data().join(name).parent().unwrap()).unwrap();
                fs::write(host.data().join(name), content).unwrap();
            }
            assert!(status.success() || status.code().is_none());
            assert_eq!(fs::read_to_string(&marker).unwrap(), "old");
            remove_others(&host, &old);
        }
    }
    host.json(0, &["restore", "--force", "--no-start"]);
    assert!(!marker.exists() && !host.data().join(".restore").exists());
}

fn remove_others(host: &Host, old: &[(std::path::PathBuf, Vec<u8>)]) {
    for (name, _) in tree(host.data()) {
        if !old.iter().any(|(known, _)| *known == name) {
            fs::remove_file(host.data().join(name)).unwrap();
        }
    }
}
