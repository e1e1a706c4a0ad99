//! Writes at the same time: conditional writes have one winner.

use std::sync::Barrier;
use std::thread;

use serde_json::json;
use test_servers::poll;

use crate::running_service::RunningService;
use crate::stores::new_item;

on_both_stores!(
    of_200_creates_of_one_id_one_wins,
    of_50_deletes_of_one_item_one_wins,
    an_update_never_brings_back_a_deleted_item,
);

/// Statuses of what all threads got for one request each, sent as simultaneously as the machine can.
fn at_once(service: &RunningService, requests: Vec<(&'static str, String)>) -> Vec<u16> {
    let start = Barrier::new(requests.len());
    thread::scope(|scope| {
        let senders: Vec<_> = requests
            .iter()
            .map(|(method, body)| {
                scope.spawn(|| {
                    let mut connection = service.connect();
                    let path = if *method == "POST" { "/items" } else { "/items/1" };
                    start.wait();
                    connection.send(method, path, body.as_bytes()).status
                })
            })
            .collect();
        senders.into_iter().map(|sender| sender.join().unwrap()).collect()
    })
}

fn of_200_creates_of_one_id_one_wins(service: &RunningService) {
    // Connections to the store are open before the race, so that it is close and none is late for want of one.
    poll("200 answers at once", || {
        let statuses = at_once(service, vec![("GET", String::new()); 200]);
        statuses.iter().all(|status| *status == 404).then_some(())
    });
    let creates = (0..200)
        .map(|n| ("POST", new_item("1", &n.to_string()).to_string()))
        .collect();
    let statuses = at_once(service, creates);
    let winners: Vec<_> = (0..200).filter(|&n| statuses[n] == 201).collect();
    assert_eq!(winners.len(), 1, "{statuses:?}");
    assert_eq!(
        statuses.iter().filter(|&&status| status == 409).count(),
        199,
        "{statuses:?}"
    );
    service.get("/items/1").is(200, &new_item("1", &winners[0].to_string()));
}

fn of_50_deletes_of_one_item_one_wins(service: &RunningService) {
    service.create("1", "First item");
    let statuses = at_once(service, vec![("DELETE", String::new()); 50]);
    assert_eq!(
        statuses.iter().filter(|&&status| status == 200).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|&&status| status == 404).count(),
        49,
        "{statuses:?}"
    );
}

fn an_update_never_brings_back_a_deleted_item(service: &RunningService) {
    for round in 0..10 {
        service.create("1", "First item");
        let mut requests = vec![("PUT", json!({ "name": format!("Round {round}") }).to_string()); 12];
        requests.insert(round % 12, ("DELETE", String::new()));
        let statuses = at_once(service, requests);
        assert_eq!(statuses[round % 12], 200, "{statuses:?}");
        assert!(
            statuses.iter().all(|status| matches!(status, 200 | 404)),
            "{statuses:?}"
        );
        service.get("/items/1").refusal(404);
    }
}
