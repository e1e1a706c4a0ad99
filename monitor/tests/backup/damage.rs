use std::fs;
use std::path::PathBuf;

use crate::host::{Host, tree};

/// A host with data, a backup of it, and nothing running.
fn host_with_backup() -> (Host, PathBuf) {
    let mut host = Host::with_data();
    host.writer().write("m value=1\n".to_owned());
    let id = host.back_up();
    host.stop_influxdb();
    let backup = host.data().join("backups").join(id);
    (host, backup)
}

#[test]
fn a_backup_with_a_changed_byte_is_refused_before_anything_is_touched() {
    let (host, backup) = host_with_backup();
    let before = tree(host.data());
    let part = backup.join("influxdb-kv.zst");
    let mut content = fs::read(&part).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    fs::write(&part, content).unwrap();
    let error = host.refused(&["restore", "--force", "--no-start"]);
    assert!(error.contains("influxdb-kv.zst: is damaged (its SHA-256 is"), "{error}");
    assert_eq!(tree(host.data()), before);
}

#[test]
fn a_backup_that_lacks_something_is_listed_as_incomplete_and_refused() {
    let (host, backup) = host_with_backup();
    let before = tree(host.data());
    let id = backup.file_name().unwrap().to_str().unwrap();
    let is_refused = |what: &str| {
        let listed = host.json(3, &["backup", "list"]);
        assert_eq!(listed["backups"][0]["complete"], false, "{listed}");
        assert!(
            listed["backups"][0]["lacks"].as_str().unwrap().contains(what),
            "{listed}"
        );
        let error = host.refused(&["restore", id, "--force", "--no-start"]);
        assert!(error.contains("incomplete") && error.contains(what), "{error}");
        let error = host.refused(&["restore", "--force", "--no-start"]);
        assert!(error.contains("no complete backup"), "{error}");
    };
    let part = backup.join("influxdb-wal.zst");
    let content = fs::read(&part).unwrap();
    fs::write(&part, &content[..content.len() - 1]).unwrap();
    is_refused("influxdb-wal.zst has");
    fs::remove_file(&part).unwrap();
    is_refused("influxdb-wal.zst is missing");
    fs::write(&part, content).unwrap();
    let manifest = backup.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("\"schema\": 1", "\"schema\": 2")).unwrap();
    is_refused("schema 2");
    fs::write(&manifest, text.replace("influxdb-wal.zst", "../influxdb-wal.zst")).unwrap();
    is_refused("no file beside it");
    fs::remove_file(&manifest).unwrap();
    is_refused("no manifest.json");
    assert_eq!(tree(host.data()), before);
}

#[test]
fn data_is_replaced_only_with_force_and_never_under_a_server_that_runs() {
    let (mut host, _) = host_with_backup();
    let before = tree(host.data());
    let error = host.refused(&["restore", "--no-start"]);
    assert!(
        error.contains("holds data already") && error.contains("--force"),
        "{error}"
    );
    assert_eq!(tree(host.data()), before);
    host.start_influxdb();
    let error = host.refused(&["restore", "--no-start", "--force"]);
    assert!(error.contains("influxd.bolt: a server"), "{error}");
    host.stop_influxdb();
    let error = host.refused(&["restore", "20200101T000000Z", "--no-start", "--force"]);
    assert!(error.contains("there is no backup 20200101T000000Z"), "{error}");
    host.json(0, &["restore", "--no-start", "--force"]);
    assert!(!host.data().join(".restore").exists());
}

#[test]
fn without_a_server_there_is_no_backup_and_nothing_stays() {
    let (host, backup) = host_with_backup();
    let error = host.refused(&["backup"]);
    assert!(error.contains("influxdb does not answer"), "{error}");
    let left: Vec<_> = fs::read_dir(backup.parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}
