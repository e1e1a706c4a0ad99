//! A service of items, in memory, with faults to order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::target_server::{Reply, Request, TargetServer};

/// What goes wrong, given a request and how many came before it.
pub(crate) type Fault = dyn Fn(&Request, u64) -> Option<Wrong> + Send + Sync;

/// A way for a request to go wrong.
pub(crate) enum Wrong {
    /// It is carried out after a while, and never answered.
    Late(Duration),
    /// It is not carried out, and answered so.
    Refused(u16),
}

pub(crate) type Items = Arc<Mutex<BTreeMap<String, String>>>;

fn locked(items: &Items) -> MutexGuard<'_, BTreeMap<String, String>> {
    items.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts the service with one item that belongs to somebody else.
pub(crate) fn start(fault: impl Fn(&Request, u64) -> Option<Wrong> + Send + Sync + 'static) -> (TargetServer, Items) {
    let items: Items = Arc::new(Mutex::new(BTreeMap::from([(
        "somebody-elses".to_owned(),
        "x".to_owned(),
    )])));
    let served = Arc::clone(&items);
    let fault: Box<Fault> = Box::new(fault);
    let server = TargetServer::start(move |request, number| match fault(request, number) {
        None => answer(&served, request),
        Some(Wrong::Refused(status)) => Reply::status(status, r#"{"error":"no"}"#),
        Some(Wrong::Late(delay)) => {
            let (items, request) = (Arc::clone(&served), request.clone());
            thread::spawn(move || {
                thread::sleep(delay);
                answer(&items, &request);
            });
            Reply::stall()
        }
    });
    (server, items)
}

/// Whether the service is as it was at the start.
pub(crate) fn is_as_found(items: &Items) -> bool {
    locked(items).keys().eq(["somebody-elses"])
}

fn answer(items: &Items, request: &Request) -> Reply {
    let mut items = locked(items);
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let name = body["name"].as_str().unwrap_or_default().to_owned();
    let missing = || Reply::status(404, r#"{"error":"Item not found"}"#);
    let (path, _) = request.path.split_once('?').unwrap_or((&request.path, ""));
    match (request.method.as_str(), path.strip_prefix("/items/")) {
        ("POST", None) => {
            let id = body["id"].as_str().unwrap_or_default().to_owned();
            if items.contains_key(&id) {
                return Reply::status(409, r#"{"error":"Item already exists"}"#);
            }
            items.insert(id, name);
            Reply::status(201, r#"{"message":"Item created successfully"}"#)
        }
        ("GET", None) => {
            let listed: Vec<Value> = items
                .iter()
                .take(20)
                .map(|(id, name)| json!({"id": id, "name": name}))
                .collect();
            Reply::status(200, &json!({"items": listed, "next_cursor": null}).to_string())
        }
        ("GET", Some(id)) => match items.get(id) {
            Some(name) => Reply::status(200, &json!({"id": id, "name": name}).to_string()),
            None => missing(),
        },
        ("PUT", Some(id)) => match items.get_mut(id) {
            Some(item) => {
                *item = name;
                Reply::status(200, "{}")
            }
            None => missing(),
        },
        ("DELETE", Some(id)) => match items.remove(id) {
            Some(_) => Reply::status(200, "{}"),
            None => missing(),
        },
        _ => Reply::status(405, "{}"),
    }
}
