//! What targets answer, and what the figures make of it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::command::{run, start_summary, start_with_input, summary};
use crate::target_server::{Reply, TargetServer};

fn count(summary: &Value, key: &str) -> u64 {
    summary["status"][key].as_u64().unwrap_or(0)
}

fn example<'a>(summary: &'a Value, kind: &str) -> &'a str {
    let errors = summary["errors"].as_array().unwrap();
    let error = errors
        .iter()
        .find(|error| error["kind"] == kind)
        .unwrap_or_else(|| panic!("no {kind}: {summary:#}"));
    error["example"].as_str().unwrap()
}

#[test]
fn counts_are_those_of_the_server() {
    let server = TargetServer::start(|_, _| Reply::status(200, "hello"));
    let (outcome, summary) = summary(&[&server.url("/a?b=c"), "--vus", "7", "--duration", "1500ms", "--quiet"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(server.requests() > 50, "{}", server.requests());
    assert_eq!(summary["requests"].as_u64(), Some(server.requests()));
    assert_eq!(count(&summary, "200"), server.requests());
    assert_eq!(
        (summary["failed"].as_u64(), summary["vus"].as_u64()),
        (Some(0), Some(7))
    );
    assert_eq!(server.connections(), 7);
    assert_eq!(summary["target"].as_str(), Some(server.url("/a?b=c").as_str()));
    let duration = summary["duration_s"].as_f64().unwrap();
    assert!((1.3..20.0).contains(&duration), "{duration}");
    let rate = summary["rate"].as_f64().unwrap();
    assert!((rate * duration - server.requests() as f64).abs() < 1.0, "{rate}");
    // "HTTP/1.1 200 X", "Content-Length: 5", an empty line and "hello".
    assert_eq!(
        summary["bytes_received"].as_u64(),
        Some(server.requests() * (16 + 19 + 2 + 5))
    );
    let slowest = summary["slowest"].as_array().unwrap();
    assert_eq!(slowest.len(), 10);
    let (slow, max) = (
        slowest[0]["latency_ms"].as_f64().unwrap(),
        summary["latency_ms"]["max"].as_f64().unwrap(),
    );
    assert!((slow / max - 1.0).abs() < 0.002, "{slow} {max}");
    assert!(
        slowest
            .windows(2)
            .all(|pair| pair[0]["latency_ms"].as_f64() >= pair[1]["latency_ms"].as_f64())
    );
}

#[test]
fn every_request_carries_a_trace_of_its_own() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let server = TargetServer::start(move |request, _| {
        let header = |name: &str| request.header(name).unwrap_or_default().to_owned();
        noted.lock().unwrap().push((header("traceparent"), header("baggage")));
        Reply::status(200, "")
    });
    let (_, summary) = summary(&[
        &server.url("/"),
        "--vus",
        "3",
        "--duration",
        "300ms",
        "--run-id",
        "my-run.1",
    ]);
    assert_eq!(summary["run_id"], "my-run.1");
    let seen = seen.lock().unwrap();
    let mut traces = HashSet::new();
    for (traceparent, baggage) in seen.iter() {
        assert_eq!(baggage, "loadgen.run_id=my-run.1");
        let parts: Vec<&str> = traceparent.split('-').collect();
        assert_eq!(
            (parts[0], parts[1].len(), parts[2].len(), parts[3]),
            ("00", 32, 16, "01"),
            "{traceparent}"
        );
        assert!(
            parts[1..3]
                .iter()
                .all(|part| part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
        );
        assert!(traces.insert(parts[1].to_owned()), "{traceparent} came twice");
    }
    drop(seen);
    for slow in summary["slowest"].as_array().unwrap() {
        assert!(traces.contains(slow["trace_id"].as_str().unwrap()), "{slow}");
    }
    let (_, summary) = crate::command::summary(&[&server.url("/"), "--duration", "100ms", "--no-trace-headers"]);
    assert_eq!(summary["slowest"][0]["trace_id"], "");
}

#[test]
fn percentiles_are_those_of_the_server() {
    let server = TargetServer::start(|_, number| {
        Reply::status(200, "").after(Duration::from_millis(if number % 10 == 9 { 150 } else { 20 }))
    });
    let (_, summary) = summary(&[&server.url("/"), "--vus", "4", "--duration", "3s"]);
    let handling = server.handling();
    assert!(handling.len() > 60, "{}", handling.len());
    // Latency is what the server took, and the way there and back.
    for (name, quantile) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)] {
        let index = ((handling.len() as f64 * quantile).ceil() as usize).clamp(1, handling.len()) - 1;
        let theirs = handling[index].as_secs_f64() * 1000.0;
        let ours = summary["latency_ms"][name].as_f64().unwrap();
        assert!(
            ours >= theirs * 0.998 && ours < theirs + 60.0,
            "{name}: {ours} ms, the server took {theirs} ms"
        );
    }
}

#[test]
fn unexpected_statuses_are_failures_with_an_example() {
    let server = TargetServer::start(|_, number| match number % 4 {
        1 => Reply::status(404, r#"{"error":"Item not found"}"#),
        2 => Reply::status(503, "busy\u{1b}[31m"),
        3 => Reply::redirect("https://elsewhere.example/login"),
        _ => Reply::status(204, ""),
    });
    let (outcome, summary) = summary(&[&server.url("/"), "--vus", "1", "--duration", "500ms"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let all: u64 = ["204", "404", "503", "301"]
        .iter()
        .map(|key| count(&summary, key))
        .sum();
    assert_eq!(all, server.requests());
    assert_eq!(summary["failed"].as_u64(), Some(all - count(&summary, "204")));
    assert_eq!(
        example(&summary, "404"),
        r#"request: status 404, expected 2xx, body: {"error":"Item not found"}"#
    );
    assert!(
        example(&summary, "301").ends_with("Location: https://elsewhere.example/login"),
        "{summary:#}"
    );
    assert!(!example(&summary, "503").contains('\u{1b}'), "{summary:#}");
    assert!(
        outcome.stderr.contains("Location: https://elsewhere.example/login"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn broken_connections_are_told_apart() {
    let server = TargetServer::start(|_, number| match number % 6 {
        1 => Reply::reset(),
        2 => Reply::raw("").then_close(),
        3 => Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf").then_close(),
        4 => Reply::raw("SSH-2.0-OpenSSH\r\n\r\n").then_close(),
        5 => Reply::stall(),
        _ => Reply::status(200, ""),
    });
    let (outcome, summary) = summary(&[&server.url("/"), "--vus", "2", "--duration", "2s", "--timeout", "200ms"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert_eq!(summary["requests"].as_u64(), Some(server.requests()), "{summary:#}");
    let per_kind = server.requests() / 6;
    assert!(per_kind >= 2, "{summary:#}");
    for (kind, times) in [("200", 1), ("reset", 1), ("closed", 2), ("protocol", 1), ("timeout", 1)] {
        let count = count(&summary, kind);
        assert!(
            (per_kind * times..=(per_kind + 1) * times).contains(&count),
            "{kind}: {summary:#}"
        );
    }
    assert!(
        example(&summary, "closed").contains("closed the connection"),
        "{summary:#}"
    );
    assert!(
        summary["latency_ms"]["max"].as_f64().unwrap() >= 200.0 * 0.999,
        "timeouts stay in the latencies"
    );
}

#[test]
fn every_kind_of_body_is_read_to_its_end() {
    let server = TargetServer::start(|request, number| {
        if request.method == "HEAD" {
            return Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
        }
        match number % 5 {
            0 => Reply::raw(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nA: b\r\n\r\n",
            )
            .byte_by_byte(),
            1 => Reply::raw(format!(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n",
                300_000,
                "x".repeat(300_000)
            )),
            2 => Reply::status(200, &"y".repeat(1_000_000)),
            3 => Reply::raw("HTTP/1.1 200 OK\r\n\r\nuntil the end").then_close(),
            _ => Reply::raw("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"),
        }
    });
    let (_, figures) = summary(&[&server.url("/"), "--vus", "1", "--duration", "1s"]);
    assert_eq!(figures["requests"].as_u64(), Some(server.requests()));
    assert_eq!(
        count(&figures, "200") + count(&figures, "304"),
        server.requests(),
        "{figures:#}"
    );
    let (_, figures) = summary(&[&server.url("/"), "-X", "head", "--vus", "2", "--duration", "200ms"]);
    assert_eq!(
        Some(count(&figures, "200")),
        figures["requests"].as_u64(),
        "{figures:#}"
    );
    assert_eq!(figures["failed"], 0);
}

#[test]
fn bodies_are_sent_whole() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let server = TargetServer::start(move |request, _| {
        noted.lock().unwrap().push(request.clone());
        Reply::status(200, "")
    });
    let url = server.url("/items/1");
    let short = ["--vus", "1", "--duration", "50ms", "--quiet"];
    let with = |arguments: &[&str]| run(&[&[url.as_str()], arguments, &short].concat());
    assert_eq!(with(&["-X", "PUT", "-d", r#"{"name":"Updated K6"}"#]).code, Some(0));
    assert_eq!(
        with(&["-d", "a=b", "-H", "content-type: text/plain", "-H", "X-A: b"]).code,
        Some(0)
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    let large: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    std::fs::write(&file, &large).unwrap();
    assert_eq!(with(&["-d", &format!("@{}", file.path().display())]).code, Some(0));
    let mut arguments = vec![url.as_str(), "-d", "@-"];
    arguments.extend(short);
    assert_eq!(start_with_input(&arguments, "from standard input").wait().code, Some(0));
    let seen = seen.lock().unwrap();
    let find = |body: &[u8]| seen.iter().find(|request| request.body == body).unwrap();
    let put = find(br#"{"name":"Updated K6"}"#);
    assert_eq!((put.method.as_str(), put.path.as_str()), ("PUT", "/items/1"));
    assert_eq!(put.header("content-type"), Some("application/json"));
    assert_eq!(put.header("host"), Some(server.address.to_string().as_str()));
    let post = find(b"a=b");
    assert_eq!(
        (post.method.as_str(), post.header("content-type")),
        ("POST", Some("text/plain"))
    );
    assert_eq!(post.header("x-a"), Some("b"));
    assert_eq!(find(&large).method, "POST");
    find(b"from standard input");
}

#[test]
fn a_connection_closed_while_idle_is_replaced_quietly() {
    let server = TargetServer::start(|_, _| Reply::status(200, "").then_close());
    let (_, summary) = summary(&[
        &server.url("/"),
        "--vus",
        "3",
        "--duration",
        "1500ms",
        "--think-time",
        "300ms",
    ]);
    assert_eq!(summary["failed"], 0, "{summary:#}");
    assert_eq!(summary["requests"].as_u64(), Some(server.requests()));
    assert_eq!(server.connections(), server.requests());
}

#[test]
fn think_time_passes_between_requests() {
    let server = TargetServer::start(|_, _| Reply::status(200, ""));
    let (outcome, summary) = summary(&[
        &server.url("/"),
        "--vus",
        "5",
        "--duration",
        "1s",
        "--think-time",
        "300ms",
    ]);
    let requests = summary["requests"].as_u64().unwrap();
    assert!((5..=20).contains(&requests), "{requests}");
    assert!(outcome.took < Duration::from_secs(20));
}

#[test]
fn requests_in_flight_at_the_end_have_the_graceful_stop_to_end() {
    let behaviour = |_: &crate::target_server::Request, number: u64| {
        let delay = if number < 1 { 0 } else { 1500 };
        Reply::status(200, "").after(Duration::from_millis(delay))
    };
    let server = TargetServer::start(behaviour);
    let (_, figures) = summary(&[&server.url("/"), "--vus", "2", "--duration", "500ms"]);
    assert_eq!(
        (figures["failed"].as_u64(), figures["requests"].as_u64()),
        (Some(0), Some(server.requests()))
    );
    let server = TargetServer::start(behaviour);
    let (outcome, figures) = summary(&[
        &server.url("/"),
        "--vus",
        "2",
        "--duration",
        "500ms",
        "--graceful-stop",
        "100ms",
    ]);
    assert_eq!(
        (count(&figures, "unfinished"), count(&figures, "200")),
        (2, 1),
        "{figures:#}"
    );
    assert_eq!(outcome.code, Some(0));
}

#[test]
fn a_target_that_goes_away_gives_counted_errors_and_no_busy_loop() {
    let server = TargetServer::start(|_, _| Reply::status(200, "").after(Duration::from_millis(5)));
    let url = server.url("/");
    let running = start_summary(&[&url, "--vus", "4", "--duration", "3s"]);
    while server.requests() < 20 {
        std::thread::sleep(Duration::from_millis(5));
    }
    server.stop();
    let (outcome, summary) = running.wait_summary();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let refused = count(&summary, "connect_refused");
    assert!((4..=1000).contains(&refused), "{summary:#}");
    assert!(example(&summary, "connect_refused").contains("refused"), "{summary:#}");
}

#[test]
fn answers_that_break_off_are_failures_of_their_own_kind() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf";
    let chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel";
    let server = TargetServer::start(move |_, number| match number % 6 {
        1 => Reply::raw(half).then_reset(),
        2 => Reply::raw(half).then_stall(),
        3 => Reply::raw(chunk).then_close(),
        // Every byte comes well within the timeout, the head does not.
        4 => Reply::status(200, "").slowly(Duration::from_millis(20)),
        5 => Reply::raw(format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(300_000))),
        _ => Reply::status(200, ""),
    });
    let (outcome, summary) = summary(&[&server.url("/"), "--vus", "3", "--duration", "2s", "--timeout", "300ms"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert_eq!(summary["requests"].as_u64(), Some(server.requests()), "{summary:#}");
    let each = server.requests() / 6;
    assert!(each >= 2, "{summary:#}");
    for (kind, times) in [("200", 1), ("reset", 1), ("closed", 1), ("timeout", 2), ("protocol", 1)] {
        let counted = count(&summary, kind);
        assert!(
            (each * times..=each * times + 2).contains(&counted),
            "{kind}: {counted}, {each} each: {summary:#}"
        );
    }
    assert!(example(&summary, "closed").contains("in the middle"), "{summary:#}");
    assert!(example(&summary, "protocol").contains("256 KiB"), "{summary:#}");
}

#[test]
fn bursts_of_errors_cost_no_connection() {
    let server = TargetServer::start(|_, number| {
        let status = if number / 50 % 2 == 0 {
            200
        } else {
            500 + (number % 4) as u16
        };
        Reply::status(status, "a body to be read")
    });
    let (_, summary) = summary(&[&server.url("/"), "--vus", "4", "--duration", "1s"]);
    assert!(server.requests() > 200, "{}", server.requests());
    let codes = ["500", "501", "502", "503"];
    let failed: u64 = codes.iter().map(|code| count(&summary, code)).sum();
    assert!(codes.iter().all(|code| count(&summary, code) > 0), "{summary:#}");
    assert_eq!(failed + count(&summary, "200"), server.requests());
    assert_eq!(summary["failed"].as_u64(), Some(failed));
    assert_eq!(server.connections(), 4);
}

#[test]
fn huge_bodies_and_old_versions_are_read_to_their_end() {
    const HUGE: usize = 12 * 1024 * 1024;
    let server = TargetServer::start(|_, number| match number % 4 {
        0 => Reply::status(200, &"y".repeat(HUGE)),
        1 => Reply::raw(format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n1\r\nz\r\n0\r\n\r\n",
            HUGE - 1,
            "z".repeat(HUGE - 1)
        )),
        2 => Reply::raw("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello"),
        _ => Reply::raw(format!("HTTP/1.0 200 OK\r\n\r\n{}", "w".repeat(HUGE))).then_close(),
    });
    let (_, summary) = summary(&[&server.url("/"), "--vus", "1", "--duration", "1s"]);
    let requests = server.requests();
    assert!(requests >= 4, "{requests}");
    assert_eq!(
        (count(&summary, "200"), summary["failed"].as_u64()),
        (requests, Some(0)),
        "{summary:#}"
    );
    // Only HTTP/1.0 without Connection: keep-alive ends a connection.
    assert_eq!(
        server.connections(),
        1 + requests / 4 - u64::from(requests.is_multiple_of(4)),
        "{requests}"
    );
    let rounds = requests / 4 * 3 + (requests % 4).min(2);
    let bytes = summary["bytes_received"].as_u64().unwrap();
    assert!(
        bytes > rounds * HUGE as u64 && bytes < rounds * HUGE as u64 + requests * 200,
        "{bytes}"
    );
}
