//! SIGTERM: requests in flight are answered, and nothing that was accepted is lost.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rustix::process::Signal;
use serde_json::json;
use test_servers::poll;

use crate::running_service::RunningService;
use crate::stores::{embedded, new_item, on_data_dir, on_dynamodb};
use test_servers::dynamodb_double::Proxy;

const CLIENTS: usize = 16;

#[test]
fn under_load_every_request_is_answered_and_every_create_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut service = on_data_dir(folder.path()).start();
    let answered = AtomicUsize::new(0);
    let created: Vec<String> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                scope.spawn({
                    let (service, answered) = (&service, &answered);
                    move || create_until_told_to_leave(service, client, answered)
                })
            })
            .collect();
        poll("load", || {
            (answered.load(Ordering::Relaxed) > 20 * CLIENTS).then_some(())
        });
        service.signal(Signal::TERM);
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    let end = service.wait();
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(end.stderr.is_empty(), "{end:?}");
    assert_eq!(
        TcpStream::connect(service.address).unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );

    let service = on_data_dir(folder.path()).start();
    let mut connection = service.connect();
    for id in &created {
        connection
            .send("GET", &format!("/items/{id}"), b"")
            .is(200, &new_item(id, "kept"));
    }
}

/// Creates items over one connection, without a pause, until an answer closes it. Panics if one is not answered.
fn create_until_told_to_leave(service: &RunningService, client: usize, answered: &AtomicUsize) -> Vec<String> {
    let mut connection = service.connect();
    let mut created = Vec::new();
    loop {
        let id = format!("{client}-{}", created.len());
        let answer = connection.send_json("POST", "/items", &new_item(&id, "kept"));
        assert_eq!(answer.status, 201, "{answer:?}");
        created.push(id);
        answered.fetch_add(1, Ordering::Relaxed);
        if answer.closes() {
            assert!(connection.read().unwrap().is_none(), "open after connection: close");
            return created;
        }
    }
}

#[test]
fn readiness_turns_false_while_connections_drain() {
    let mut service = embedded().start();
    let asked = AtomicUsize::new(0);
    thread::scope(|scope| {
        let watchers: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| sees_the_service_drain(&service, &asked)))
            .collect();
        poll("readiness", || (asked.load(Ordering::Relaxed) > 80).then_some(()));
        service.signal(Signal::TERM);
        let saw: Vec<_> = watchers.into_iter().map(|watcher| watcher.join().unwrap()).collect();
        assert!(saw.contains(&true));
    });
    assert_eq!(service.wait().code, Some(0));
}

/// Asks over one connection, without a pause, until it ends. True if the service said that it is shutting down; one
/// that a busy machine kept from asking in time does not hear it.
fn sees_the_service_drain(service: &RunningService, asked: &AtomicUsize) -> bool {
    let mut connection = service.connect();
    while let Ok(Some(answer)) = connection.try_send("GET", "/readyz", b"") {
        asked.fetch_add(1, Ordering::Relaxed);
        if answer.status != 200 {
            answer.refusal_about(503, "shutting down");
            assert!(answer.closes());
            return true;
        }
    }
    false
}

#[test]
fn a_slow_request_finishes_within_the_grace_period() {
    let proxy = Proxy::start();
    let times = ["--create-table", "--request-timeout", "10m", "--shutdown-grace", "10m"];
    let mut service = on_dynamodb(&proxy.endpoint).args(times).start();
    proxy.hold();
    thread::scope(|scope| {
        let slow = scope.spawn(|| service.post("/items", &new_item("1", "First item")));
        poll("the slow request", || (proxy.held() == 1).then_some(()));
        service.signal(Signal::TERM);
        service.wait_for_log("shutting down");
        poll("new connections to be refused", || {
            TcpStream::connect(service.address).is_err().then_some(())
        });
        assert!(!slow.is_finished());
        proxy.release();
        slow.join()
            .unwrap()
            .is(201, &json!({ "message": "Item created successfully" }));
    });
    let end = service.wait();
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(end.stdout.iter().any(|line| line.contains("\"stopped\"")), "{end:?}");
}

#[test]
fn a_grace_period_exceeded_is_exit_code_1_and_a_line() {
    let proxy = Proxy::start();
    let times = [
        "--create-table",
        "--request-timeout",
        "10m",
        "--shutdown-grace",
        "200ms",
    ];
    let mut service = on_dynamodb(&proxy.endpoint).args(times).start();
    proxy.hold();
    let mut connection = service.connect();
    connection
        .write("GET /items/1 HTTP/1.1\r\nhost: service\r\n\r\n")
        .unwrap();
    poll("the slow request", || (proxy.held() == 1).then_some(()));
    service.signal(Signal::TERM);
    service.wait().is_refused(1, &["--shutdown-grace / SHUTDOWN_GRACE"]);
    proxy.release();
}

#[test]
fn idle_connections_do_not_hold_up_the_end() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut service = embedded().args(["--shutdown-grace", "1h"]).start();
        let connections: Vec<_> = (0..20)
            .map(|_| {
                let mut connection = service.connect();
                assert_eq!(connection.send("GET", "/items", b"").status, 200);
                connection
            })
            .collect();
        service.signal(signal);
        let end = service.wait();
        assert_eq!(end.code, Some(0), "{end:?}");
        for mut connection in connections {
            assert!(connection.read().is_ok_and(|answer| answer.is_none()));
        }
    }
}
