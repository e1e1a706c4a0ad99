use std::fs;

use crate::host::Host;

#[test]
fn a_place_in_the_settings_that_is_none_is_named() {
    let host = Host::new();
    fs::write(host.data().join("settings.env"), "MONITOR_BACKUP_TO=gs://bucket\n").unwrap();
    let error = host.refused(&["backup", "list"]);
    assert!(
        error.starts_with("MONITOR_BACKUP_TO: `gs://bucket` is neither a folder"),
        "{error}"
    );
}

#[test]
fn old_and_interrupted_backups_are_removed_and_the_newest_never() {
    let host = Host::with_data();
    let first = host.back_up();
    host.back_up();
    let backups = host.data().join("backups");
    fs::create_dir(backups.join("20200101T000000Z")).unwrap();
    fs::write(backups.join("20200101T000000Z/grafana.db.zst"), "").unwrap();
    fs::create_dir(backups.join("not-a-backup")).unwrap();
    let kept = |arguments: &[&str]| {
        let pruned = host.json(0, &[&["backup", "prune"], arguments].concat());
        (pruned["removed"].clone(), pruned["kept"].as_array().unwrap().len())
    };
    let would = serde_json::json!([first, "20200101T000000Z"]);
    assert_eq!(kept(&["--dry-run"]), (would.clone(), 1));
    assert!(backups.join(&first).exists());
    assert_eq!(
        kept(&["--keep-last", "2"]),
        (serde_json::json!(["20200101T000000Z"]), 2)
    );
    let none = [
        "--keep-last",
        "0",
        "--keep-daily",
        "0",
        "--keep-weekly",
        "0",
        "--keep-monthly",
        "0",
    ];
    assert_eq!(kept(&none), (serde_json::json!([first]), 1));
    assert!(backups.join("not-a-backup").exists(), "what is no backup is left alone");
    assert_eq!(
        host.json(0, &["backup", "list"])["backups"].as_array().unwrap().len(),
        1
    );
}
