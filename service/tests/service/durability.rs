//! The embedded store after `kill -9`: every acknowledged write is there, and nothing else.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rustix::process::Signal;
use serde_json::json;
use test_servers::poll;

use crate::raw_connection::RawConnection;
use crate::running_service::RunningService;
use crate::stores::{new_item, on_data_dir};

const WRITERS: usize = 4;
const ROUNDS: usize = 6;
const IDS_OF_A_WRITER: u64 = 12;

/// What an item may be: the name it has, or `None` where there is none.
type State = Option<String>;

/// What a writer knows of its items. The last write of a round was perhaps not acknowledged: then an item may be in
/// either of two states.
type Known = BTreeMap<String, Vec<State>>;

#[test]
fn acknowledged_writes_survive_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let mut known: Vec<Known> = vec![Known::new(); WRITERS];
    for round in 0..ROUNDS {
        let mut service = on_data_dir(folder.path()).start();
        settle(&service, &mut known);
        let acknowledged = AtomicUsize::new(0);
        thread::scope(|scope| {
            for (writer, known) in known.iter_mut().enumerate() {
                let (connection, acknowledged) = (service.connect(), &acknowledged);
                scope.spawn(move || write_until_cut_off(connection, (round, writer), known, acknowledged));
            }
            let enough = 60 + 25 * round;
            poll("writes", || {
                (acknowledged.load(Ordering::Relaxed) >= enough).then_some(())
            });
            service.signal(Signal::KILL);
        });
        assert_eq!(service.wait().code, None, "not killed");
    }
    settle(&on_data_dir(folder.path()).start(), &mut known);
}

/// Checks that the service has just what is known, and makes what was uncertain certain.
fn settle(service: &RunningService, known: &mut [Known]) {
    let mut expected = Vec::new();
    let mut connection = service.connect();
    for (id, states) in known.iter_mut().flatten() {
        let answer = connection.send("GET", &format!("/items/{id}"), b"");
        let found = (answer.status == 200).then(|| answer.json()["name"].as_str().unwrap().to_owned());
        assert!(found.is_some() || answer.status == 404, "{answer:?}");
        assert!(states.contains(&found), "{id}: {found:?} is none of {states:?}");
        expected.extend(found.iter().map(|name| new_item(id, name)));
        *states = vec![found];
    }
    let mut listed = connection.send("GET", "/items?limit=1000", b"").json()["items"]
        .as_array()
        .unwrap()
        .clone();
    listed.sort_by_key(|item| item["id"].as_str().unwrap().to_owned());
    expected.sort_by_key(|item| item["id"].as_str().unwrap().to_owned());
    assert_eq!(listed, expected);
}

/// Creates, renames and deletes items of its own until the service is gone.
fn write_until_cut_off(
    mut connection: RawConnection,
    (round, writer): (usize, usize),
    known: &mut Known,
    acknowledged: &AtomicUsize,
) {
    for n in 0_u64.. {
        // Visits the ids out of order, with every kind of write following every other.
        let id = format!("{writer}-{}", n * 5 % IDS_OF_A_WRITER);
        let path = format!("/items/{id}");
        let name = format!("round {round} write {n}");
        let states = known.entry(id.clone()).or_insert_with(|| vec![None]);
        let (method, path, body, next) = match (&states[0], n % 3) {
            (None, _) => ("POST", "/items", new_item(&id, &name), Some(name)),
            (Some(_), 0) => ("DELETE", &*path, json!({}), None),
            (Some(_), _) => ("PUT", &*path, json!({ "name": name }), Some(name)),
        };
        states.push(next.clone());
        match connection.try_send(method, path, body.to_string().as_bytes()) {
            Ok(Some(answer)) => {
                assert!(matches!(answer.status, 200 | 201), "{method} {path}: {answer:?}");
                *states = vec![next];
                acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Ok(None) | Err(_) => return,
        }
    }
}

#[test]
fn items_outlive_an_orderly_stop() {
    let folder = tempfile::tempdir().unwrap();
    // A folder that is not there yet is made.
    let data = folder.path().join("a/b");
    let mut service = on_data_dir(&data).start();
    service.create("1", "First item");
    service.signal(Signal::TERM);
    assert_eq!(service.wait().code, Some(0));
    on_data_dir(&data)
        .start()
        .get("/items/1")
        .is(200, &new_item("1", "First item"));
}

#[test]
fn a_second_service_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let service = on_data_dir(folder.path()).start();
    service.create("1", "First item");
    let path = folder.path().to_str().unwrap();
    on_data_dir(folder.path())
        .run()
        .is_refused(1, &["--data-dir / DATA_DIR", path, "in use"]);
    service.get("/items/1").is(200, &new_item("1", "First item"));
}
