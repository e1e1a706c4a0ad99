use super::*;

fn destination() -> Destination {
    Destination::new("http://influxdb:8086", "o", "b").unwrap()
}

fn lines(text: &str) -> Lines {
    Lines {
        text: text.as_bytes().to_vec(),
        points: text.lines().count() as u64,
    }
}

/// Everything in a spool, as a push takes it.
fn drain(spool: &mut Spool) -> String {
    let mut text = Vec::new();
    while let Some(chunk) = spool.oldest(10).unwrap() {
        text.extend_from_slice(&chunk.lines.text);
        spool.done(&chunk);
    }
    String::from_utf8(text).unwrap()
}

#[test]
fn whole_lines_survive_their_writer() {
    let root = tempfile::tempdir().unwrap();
    let mut spool = Spool::create(root.path(), "run", &destination(), LARGEST).unwrap();
    assert_eq!(spool.append(&lines("a f=1 1\nb f=2 2\n")).unwrap(), 0);
    let folder = spool.folder().to_owned();
    assert!(matches!(Spool::open(&folder), Err(SpoolError::Locked)));
    drop(spool);
    // As a process leaves it that is killed while it writes.
    let path = folder.join("000000.lp");
    OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b"c f=3")
        .unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for (path, mode) in [
            (path, 0o600),
            (folder.join(DESTINATION_FILE), 0o600),
            (folder.clone(), 0o700),
        ] {
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                mode,
                "{path:?}"
            );
        }
    }
    let (mut spool, noted) = Spool::open(&folder).unwrap();
    assert_eq!((noted, spool.points()), (destination(), 2));
    assert_eq!(drain(&mut spool), "a f=1 1\nb f=2 2\n");
    spool.remove();
    assert!(!folder.exists());
}

#[test]
fn a_run_of_the_same_name_gets_a_folder_of_its_own() {
    let root = tempfile::tempdir().unwrap();
    let first = Spool::create(root.path(), "run", &destination(), LARGEST).unwrap();
    let second = Spool::create(root.path(), "run", &destination(), LARGEST).unwrap();
    assert_eq!(second.folder(), root.path().join("run-2"));
    first.remove();
}

#[test]
fn the_oldest_makes_room_for_the_newest() {
    let root = tempfile::tempdir().unwrap();
    let mut spool = Spool::create(root.path(), "run", &destination(), 1_000).unwrap();
    let (mut written, mut lost) = (0, 0);
    for number in 0..100 {
        lost += spool
            .append(&lines(&format!("m f={number} {number}\nm g={number} {number}\n")))
            .unwrap();
        written += 2;
        let on_disk: u64 = fs::read_dir(spool.folder())
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.path().extension().is_some())
            .filter(|entry| entry.file_name() != DESTINATION_FILE)
            .map(|entry| entry.metadata().unwrap().len())
            .sum();
        assert!(on_disk <= 1_000, "{on_disk}");
    }
    assert!(lost > 0);
    assert_eq!(spool.points(), written - lost);
    let left = drain(&mut spool);
    assert_eq!(left.lines().count() as u64, written - lost);
    assert!(left.ends_with("m f=99 99\nm g=99 99\n"), "{left}");
}
