//! Scenarios from files, as servers see them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::command::{run, summary};
use crate::target_server::{Reply, Request, TargetServer};

type Seen = Arc<Mutex<Vec<Request>>>;

/// A server that notes every request and answers as told.
fn server(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> (TargetServer, Seen) {
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let server = TargetServer::start(move |request, _| {
        noted.lock().unwrap().push(request.clone());
        answer(request)
    });
    (server, seen)
}

fn write(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn with_header(status: u16, header: &str, body: &str) -> Reply {
    let length = body.len();
    Reply::raw(format!(
        "HTTP/1.1 {status} X\r\n{header}\r\nContent-Length: {length}\r\n\r\n{body}"
    ))
}

const SHOP: &str = r#"
name = "shop"
headers = { Authorization = "Bearer {{token}}" }

[variables]
order = { sequence = { start = 100, width = 6 } }
quantity = { range = [1, 9] }
user = { file = "users.csv" }

[[set_up]]
name = "log in"
method = "POST"
path = "/login"
headers = { Authorization = "none" }
form = { user = "load & test", password = "{{password}}" }
expect = 200
capture = { token = { json = "/session/token" } }

[[clean_up]]
name = "log out"
method = "POST"
path = "/logout"

[[step]]
name = "order"
method = "POST"
path = "/orders/{{user.name}}"
query = { note = "a&b" }
json = { number = "{{order}}", quantity = "{{quantity:raw}}", by = ["{{user.name}}", true, 1.5] }
expect = 201
capture = { place = { header = "Location", matches = "/orders/(.*)" } }
thresholds = ["error_rate==0"]

[[step]]
name = "look"
path = "/orders/{{place}}"
checks = [{ json = "/place", equals = "{{place}}" }, { latency_below = "30s" }]
"#;

#[test]
fn a_token_captured_by_set_up_and_values_captured_by_steps_are_used() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "users.csv", "name\n\"a/b\"\nc\"d\n");
    let file = write(directory.path(), "shop.toml", SHOP);
    let (server, seen) = server(|request| {
        let authorized = request.header("authorization") == Some("Bearer t0k");
        match request.path.as_str() {
            "/login" => Reply::status(200, r#"{"session":{"token":"t0k"}}"#),
            _ if !authorized => Reply::status(401, ""),
            "/logout" => Reply::status(200, ""),
            path if request.method == "POST" => {
                let body: Value = serde_json::from_slice(&request.body).unwrap();
                assert!(path.ends_with("?note=a%26b"), "{path}");
                let number = body["number"].as_str().unwrap().to_owned();
                with_header(201, &format!("Location: /orders/{number} x"), "")
            }
            path => {
                let place = path.trim_start_matches("/orders/").replace("%20", " ");
                Reply::status(200, &json!({ "place": place }).to_string())
            }
        }
    });
    let arguments = [
        "--scenario",
        &file,
        "--var",
        "password=s3cret",
        "--vus",
        "3",
        "--duration",
        "700ms",
    ];
    let (outcome, figures) = summary(&[&[server.url("/").as_str()][..], &arguments].concat());
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert_eq!(
        (&figures["failed"], &figures["scenario"]),
        (&json!(0), &json!("shop")),
        "{figures:#}"
    );
    assert_eq!(figures["thresholds"][0]["expression"], "order: error_rate==0");
    assert!(!outcome.stdout.contains("s3cret") && !outcome.stderr.contains("s3cret"));

    let seen = seen.lock().unwrap();
    let (first, last) = (&seen[0], &seen[seen.len() - 1]);
    assert_eq!((first.path.as_str(), last.path.as_str()), ("/login", "/logout"));
    assert_eq!(first.body, b"user=load%20%26%20test&password=s3cret");
    assert_eq!(first.header("content-type"), Some("application/x-www-form-urlencoded"));
    let mut numbers = BTreeSet::new();
    let mut users = BTreeMap::new();
    for request in seen
        .iter()
        .filter(|request| request.method == "POST" && request.path.starts_with("/orders/"))
    {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert!((1..=9).contains(&body["quantity"].as_i64().unwrap()), "{body}");
        assert_eq!((&body["by"][1], &body["by"][2]), (&json!(true), &json!(1.5)));
        let number = body["number"].as_str().unwrap();
        assert_eq!(number.len(), 6);
        assert!(numbers.insert(number.parse::<u64>().unwrap()), "{number} came twice");
        let user = body["by"][0].as_str().unwrap();
        let path = if user == "a/b" {
            "/orders/a%2Fb?"
        } else {
            "/orders/c%22d?"
        };
        assert!(request.path.starts_with(path), "{} for {user}", request.path);
        *users.entry(user.to_owned()).or_insert(0_i64) += 1;
    }
    assert_eq!(numbers.first(), Some(&100));
    assert_eq!(numbers.last(), Some(&(99 + numbers.len() as u64)), "without gaps");
    assert!((users["a/b"] - users["c\"d"]).abs() <= 1, "{users:?}");
    let requests = figures["requests"].as_u64().unwrap();
    assert_eq!(
        requests + 2,
        seen.len() as u64,
        "set-up and clean-up are no part of the figures"
    );
}

#[test]
fn flows_come_by_their_weights_and_in_their_order() {
    let directory = tempfile::tempdir().unwrap();
    let file = write(
        directory.path(),
        "mix.toml",
        "[[flow]]\nname = \"browse\"\nweight = 3\n[[flow.step]]\nname = \"home\"\npath = \"/home\"\n\
         [[flow.step]]\nname = \"page\"\npath = \"/page\"\n\
         [[flow]]\nname = \"buy\"\n[[flow.step]]\nname = \"pay\"\nmethod = \"put\"\npath = \"/pay\"\nbody = \"{{iteration}}\"\n",
    );
    let (server, seen) = server(|_| Reply::status(200, ""));
    let (outcome, figures) = summary(&[
        &server.url("/shop/"),
        "--scenario",
        &file,
        "--vus",
        "1",
        "--duration",
        "1s",
    ]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let count = |step: &str| figures["steps"][step]["requests"].as_u64().unwrap() as f64;
    assert!((count("home") - count("page")).abs() <= 1.0, "{figures:#}");
    let share = count("home") / (count("home") + count("pay"));
    assert!((share - 0.75).abs() < 0.12, "{share}");
    let paths: Vec<String> = seen
        .lock()
        .unwrap()
        .iter()
        .map(|request| request.path.clone())
        .collect();
    for pair in paths.windows(2) {
        assert_eq!(pair[0] == "/shop/home", pair[1] == "/shop/page", "{pair:?}");
    }
}

#[test]
fn failing_checks_are_told_apart_and_end_iterations_that_need_the_value() {
    let directory = tempfile::tempdir().unwrap();
    let file = write(
        directory.path(),
        "checks.toml",
        r#"
[[step]]
name = "header"
path = "/header"
checks = [{ header = "Content-Type", matches = "json" }]
[[step]]
name = "body"
path = "/body"
checks = [{ status = 200 }, { name = "empty", json = "/items", equals = "none" }]
[[step]]
name = "slow"
path = "/slow"
checks = [{ latency_below = "5ms" }]
[[step]]
name = "login"
path = "/login"
capture = { token = { json = "/token" } }
[[step]]
name = "never"
path = "/never/{{token}}"
"#,
    );
    let (server, seen) = server(|request| match request.path.as_str() {
        "/slow" => Reply::status(200, "").after(Duration::from_millis(20)),
        _ => with_header(200, "Content-Type: text/html", r#"{"items":[]}"#),
    });
    let (outcome, figures) = summary(&[
        &server.url("/"),
        "--scenario",
        &file,
        "--vus",
        "2",
        "--duration",
        "500ms",
    ]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert_eq!(figures["failed"], figures["requests"], "{figures:#}");
    for (step, kind) in [
        ("header", "unexpected_header"),
        ("body", "unexpected_body"),
        ("slow", "too_slow"),
        ("login", "capture_failed"),
    ] {
        let step = &figures["steps"][step];
        assert_eq!(step["status"][kind], step["requests"], "{figures:#}");
    }
    let errors = figures["errors"].to_string();
    for text in [
        "header: the check `header Content-Type matches json` failed",
        "body: the check `empty` failed: status 200, body: {\\\"items\\\":[]}",
        "slow: the check `latency below 5ms` failed: took ",
        "login: nothing could be captured for `token`: status 200",
    ] {
        assert!(errors.contains(text), "{text}: {errors}");
    }
    assert!(
        seen.lock()
            .unwrap()
            .iter()
            .all(|request| !request.path.starts_with("/never"))
    );
}

#[test]
fn only_requests_in_flight_are_unfinished() {
    let directory = tempfile::tempdir().unwrap();
    let step = |name: &str| format!("[[step]]\nname = \"{name}\"\npath = \"/{name}\"\n");
    let steps: String = ["a", "b", "c"].into_iter().map(step).collect();
    let file = write(directory.path(), "stalls.toml", &steps);
    let server = TargetServer::answering_once();
    let (_, figures) = summary(&[
        &server.url("/"),
        "--scenario",
        &file,
        "--vus",
        "2",
        "--duration",
        "300ms",
        "--graceful-stop",
        "100ms",
    ]);
    assert_eq!(figures["status"], json!({"200": 1, "unfinished": 2}), "{figures:#}");
    assert_eq!(figures["requests"].as_u64(), Some(server.requests()));
}

#[test]
fn a_set_up_that_fails_ends_the_run_before_the_load() {
    let directory = tempfile::tempdir().unwrap();
    let file = write(
        directory.path(),
        "denied.toml",
        "[[set_up]]\nname = \"log in\"\npath = \"/login\"\n[[step]]\nname = \"a\"\npath = \"/a\"\n",
    );
    let (server, seen) = server(|_| Reply::status(403, "go away"));
    let outcome = run(&[&server.url(""), "--scenario", &file, "--duration", "60s"]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(
        outcome.stderr.contains("set-up failed") && outcome.stderr.contains("go away"),
        "{}",
        outcome.stderr
    );
    assert_eq!(seen.lock().unwrap().len(), 1, "there is no use in trying again");
}

#[test]
fn think_time_of_a_step_goes_before_that_of_the_command_line() {
    let directory = tempfile::tempdir().unwrap();
    let file = write(
        directory.path(),
        "think.toml",
        "[[step]]\nname = \"a\"\npath = \"/a\"\nthink_time = \"200ms..300ms\"\n[[step]]\nname = \"b\"\npath = \"/b\"\n",
    );
    let times = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&times);
    let server = TargetServer::start(move |request, _| {
        noted.lock().unwrap().push((request.path.clone(), Instant::now()));
        Reply::status(200, "")
    });
    let url = server.url("/");
    let (_, figures) = summary(&[
        &url,
        "--scenario",
        &file,
        "--vus",
        "1",
        "--duration",
        "2s",
        "--think-time",
        "1ms",
    ]);
    assert_eq!(figures["failed"], 0);
    let times = times.lock().unwrap();
    assert!(times.len() >= 4 && times.len() <= 20, "{}", times.len());
    for pair in times.windows(2).filter(|pair| pair[0].0 == "/a") {
        let pause = pair[1].1 - pair[0].1;
        assert!(pause >= Duration::from_millis(195), "{pause:?}");
    }
}

#[test]
fn rows_given_out_once_end_the_run_of_each_user() {
    let directory = tempfile::tempdir().unwrap();
    let rows: String = (0..25).map(|n| format!("{{\"n\":{n},\"t\":\"x\"}}\n")).collect();
    write(directory.path(), "rows.jsonl", &rows);
    let file = write(
        directory.path(),
        "once.toml",
        "[variables]\nrow = { file = \"rows.jsonl\", order = \"once\" }\n\
         [[step]]\nname = \"a\"\nmethod = \"POST\"\npath = \"/a\"\njson = '{\"n\": \"{{row.n:raw}}\"}'\n",
    );
    let (server, seen) = server(|_| Reply::status(200, ""));
    let (outcome, figures) = summary(&[&server.url("/"), "--scenario", &file, "--vus", "4", "--duration", "1s"]);
    assert_eq!((outcome.code, &figures["failed"]), (Some(0), &json!(0)), "{outcome:?}");
    let seen = seen.lock().unwrap();
    let mut numbers: Vec<u64> = seen
        .iter()
        .map(|request| {
            serde_json::from_slice::<Value>(&request.body).unwrap()["n"]
                .as_u64()
                .unwrap()
        })
        .collect();
    numbers.sort();
    assert_eq!(numbers, (0..25).collect::<Vec<_>>());
}

#[test]
fn mistakes_are_shown_before_anything_is_sent() {
    let directory = tempfile::tempdir().unwrap();
    let file = write(
        directory.path(),
        "wrong.toml",
        "[[step]]\nname = \"a\"\npath = \"/{{x}}\"\nexpct = 200\n",
    );
    let (server, seen) = server(|_| Reply::status(200, ""));
    let outcome = run(&[&server.url("/"), "--scenario", &file]);
    assert_eq!(outcome.code, Some(2), "{outcome:?}");
    for text in [
        "2 mistakes",
        "wrong.toml:3:10",
        "wrong.toml:4:1",
        "did you mean `expect`?",
    ] {
        assert!(outcome.stderr.contains(text), "{text}: {}", outcome.stderr);
    }
    let outcome = run(&[&server.url("/"), "--scenario", "itmes"]);
    assert_eq!(outcome.code, Some(2), "{outcome:?}");
    assert!(
        outcome.stderr.contains("there is no scenario `itmes`"),
        "{}",
        outcome.stderr
    );
    assert!(seen.lock().unwrap().is_empty());
}
