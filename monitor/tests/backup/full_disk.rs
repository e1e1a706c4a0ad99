use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::host::{Host, json_of, tree, wait};

/// A disk of its own, small.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(path: PathBuf, size: &str) -> Self {
        fs::create_dir(&path).unwrap();
        let options = format!("size={size}");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(&path)
            .status();
        assert!(
            mounted.unwrap().success(),
            "a disk cannot be mounted; run the tests as root"
        );
        Self(path)
    }

    /// Leaves no byte free.
    fn fill(&self) {
        let mut file = File::create(self.0.join("filler")).unwrap();
        while file.write(&[0; 4096]).is_ok_and(|written| written > 0) {}
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

fn bulk(folder: &Path, bytes: usize) {
    let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(bytes).collect();
    fs::write(folder.join("000002.sst"), noise).unwrap();
}

#[test]
fn a_backup_that_would_not_fit_is_not_begun() {
    let host = Host::with_data();
    bulk(&host.data().join("jaeger/keys"), 4_000_000);
    let disk = SmallDisk::mount(host.beside("disk"), "4m");
    let error = host.refused(&["backup", "--to", disk.0.to_str().unwrap()]);
    assert!(error.contains("MiB are needed and 4 MiB are free"), "{error}");
    assert_eq!(fs::read_dir(&disk.0).unwrap().count(), 0);
}

#[test]
fn a_disk_that_fills_during_a_backup_ends_it_and_nothing_of_it_stays() {
    let host = Host::with_data();
    bulk(&host.data().join("jaeger/keys"), 4_000_000);
    let disk = SmallDisk::mount(host.beside("disk"), "64m");
    let grafana = host.grafana();
    grafana.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let backup = host
        .monitor(["--json", "backup", "--to", disk.0.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait("the backup has parts", || {
        let folder = fs::read_dir(&disk.0).unwrap().next();
        folder.is_some_and(|folder| folder.unwrap().path().join("influxdb-wal.zst").exists())
    });
    disk.fill();
    drop(grafana);
    let error = json_of(&backup.wait_with_output().unwrap(), 1)["error"].to_string();
    assert!(error.contains("there is no space left"), "{error}");
    let left: Vec<_> = fs::read_dir(&disk.0)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["filler"]);
}

/// Puts the backups of a host beside its data; the only one says that a restore needs so much space.
fn backups_that_need(host: &mut Host, bytes: u64) -> PathBuf {
    let id = host.back_up();
    host.stop_influxdb();
    let backups = host.beside("backups");
    fs::rename(host.data().join("backups"), &backups).unwrap();
    let manifest = backups.join(id).join("manifest.json");
    let mut content: serde_json::Value = serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    content["restored_bytes"] = bytes.into();
    fs::write(&manifest, content.to_string()).unwrap();
    backups
}

#[test]
fn what_a_killed_restore_left_is_no_reason_to_refuse_the_next() {
    let mut host = Host::with_data();
    let backups = backups_that_need(&mut host, 30_000_000);
    let disk = SmallDisk::mount(host.beside("disk"), "64m");
    let data = disk.0.join("data");
    fs::create_dir_all(data.join(".restore/new")).unwrap();
    fs::write(data.join(".restore/new/left"), vec![0; 40_000_000]).unwrap();
    let restore = ["restore", "--no-start", "--from", backups.to_str().unwrap()];
    let host = host.with_data_in(&data);
    host.json(0, &restore);
    // Before the folder that it is mounted in.
    drop(disk);
}

#[test]
fn a_disk_that_fills_during_a_restore_leaves_the_old_data() {
    let mut host = Host::with_data();
    bulk(&host.data().join("jaeger/keys"), 24_000_000);
    // As if the data had been smaller when space was looked at.
    let backups = backups_that_need(&mut host, 0);
    let disk = SmallDisk::mount(host.beside("disk"), "20m");
    let data = disk.0.join("data");
    fs::create_dir_all(data.join("secrets")).unwrap();
    fs::write(data.join("secrets/kept"), "old").unwrap();
    let mut filler = File::create(disk.0.join("filler")).unwrap();
    filler.write_all(&vec![0; 2_000_000]).unwrap();
    let host = host.with_data_in(&data);
    let before = tree(&data);
    // What is spared besides what is needed is there still.
    let restore = ["restore", "--force", "--no-start", "--from", backups.to_str().unwrap()];
    let refused = host.monitor(["--json"]).args(restore).output().unwrap();
    let error = json_of(&refused, 1)["error"].to_string();
    assert!(error.contains("there is no space left"), "{error}");
    assert_eq!(tree(&data), before);
    assert!(!data.join(".restore").exists());
    drop(disk);
}
