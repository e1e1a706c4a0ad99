//! `--http2`.

use bytes::Bytes;
use h2::Reason;
use http::{HeaderMap, HeaderValue};

use crate::certificate::certificate;
use crate::command::summary;
use crate::http2_server::{Http2Reply, Http2Server};
use crate::starts::assert_fails;
use crate::target_server::{Reply, TargetServer};

#[test]
fn requests_arrive_by_prior_knowledge_and_by_alpn() {
    for encrypted in [false, true] {
        let tls = encrypted.then(|| certificate().0);
        let server = Http2Server::start(tls, |_, _| Http2Reply::status(200, "hello"));
        let scheme = if encrypted { "https" } else { "http" };
        let url = format!("{scheme}://{}/a?b=c", server.address);
        let (outcome, summary) = summary(&[
            &url,
            "--http2",
            "-k",
            "--vus",
            "3",
            "--duration",
            "500ms",
            "-H",
            "X-A: b",
        ]);
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        assert!(server.requests() > 20, "{}", server.requests());
        assert_eq!(summary["requests"].as_u64(), Some(server.requests()), "{summary:#}");
        assert_eq!(summary["status"]["200"].as_u64(), Some(server.requests()));
        assert_eq!(server.connections(), 3);
        // A body of five bytes, and at least two frames' heads of nine.
        assert!(summary["bytes_received"].as_u64().unwrap() > server.requests() * (5 + 2 * 9));
        let (request, _) = server.last();
        assert_eq!(request.uri().to_string(), url);
        assert_eq!(request.headers()["x-a"], "b");
        assert!(request.headers()["traceparent"].to_str().unwrap().starts_with("00-"));
        assert!(!request.headers().contains_key("host"));
    }
}

#[test]
fn bodies_of_any_size_go_both_ways() {
    const HUGE: usize = 12 * 1024 * 1024;
    let server = Http2Server::start(None, |(_, length), number| {
        let size = if number % 2 == 0 { HUGE } else { 0 };
        Http2Reply::status(if *length == 3_000_000 { 200 } else { 400 }, vec![b'x'; size])
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, vec![b'y'; 3_000_000]).unwrap();
    let url = format!("http://{}/", server.address);
    let data = format!("@{}", file.path().display());
    let (_, summary) = summary(&[&url, "--http2", "-d", &data, "--vus", "2", "--duration", "1s"]);
    assert_eq!(summary["failed"], 0, "{summary:#}");
    assert_eq!(summary["requests"].as_u64(), Some(server.requests()));
    assert!(summary["bytes_received"].as_u64().unwrap() > server.sent());
    assert!(summary["bytes_sent"].as_u64().unwrap() > server.requests() * 3_000_000);
    assert_eq!(server.last().0.method(), "POST");
}

#[test]
fn streams_and_connections_that_break_are_told_apart() {
    let server = Http2Server::start(None, |_, number| match number % 6 {
        1 => Http2Reply::Reset(Reason::INTERNAL_ERROR),
        2 => Http2Reply::Drop,
        3 => Http2Reply::Stall,
        4 => {
            let mut headers = HeaderMap::new();
            headers.insert("location", HeaderValue::from_static("/elsewhere"));
            Http2Reply::Answer(302, headers, Bytes::new())
        }
        5 => Http2Reply::status(503, "busy"),
        _ => Http2Reply::status(200, ""),
    });
    let url = format!("http://{}/", server.address);
    let (_, summary) = summary(&[&url, "--http2", "--vus", "1", "--duration", "2s", "--timeout", "200ms"]);
    assert_eq!(summary["requests"].as_u64(), Some(server.requests()), "{summary:#}");
    let each = server.requests() / 6;
    assert!(each >= 2, "{summary:#}");
    for kind in ["200", "reset", "closed", "timeout", "302", "503"] {
        let counted = summary["status"][kind].as_u64().unwrap_or(0);
        assert!((each..=each + 1).contains(&counted), "{kind}: {summary:#}");
    }
    let example = |kind: &str| {
        let errors = summary["errors"].as_array().unwrap();
        let error = errors.iter().find(|error| error["kind"] == kind).unwrap();
        error["example"].as_str().unwrap().to_owned()
    };
    assert!(example("302").contains("/elsewhere"), "{summary:#}");
    assert!(example("503").contains("busy"), "{summary:#}");
    // A stream that is reset leaves its connection alone.
    let replaced = summary["status"]["closed"].as_u64().unwrap() + summary["status"]["timeout"].as_u64().unwrap();
    assert!(
        (replaced..=replaced + 1).contains(&server.connections()),
        "{}",
        server.connections()
    );
}

#[test]
fn a_target_that_goes_away_politely_costs_no_request() {
    let server = Http2Server::start(None, |_, number| {
        if number % 5 == 4 {
            Http2Reply::AnswerAndGoAway
        } else {
            Http2Reply::status(200, "")
        }
    });
    let url = format!("http://{}/", server.address);
    let (_, summary) = summary(&[&url, "--http2", "--vus", "4", "--duration", "1s"]);
    assert_eq!(summary["failed"], 0, "{summary:#}");
    assert_eq!(summary["requests"].as_u64(), Some(server.requests()));
    assert!(
        server.connections() > server.requests() / 10,
        "{}",
        server.connections()
    );
}

#[test]
fn a_target_without_http2_is_told_before_the_load() {
    let plain = TargetServer::start(|_, _| Reply::status(400, "").then_close());
    assert_fails(&[&plain.url("/"), "--http2"], 1, &["--http2"]);
    let (mut config, _) = certificate();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let offering = TargetServer::start_tls(config, |_, _| Reply::status(200, ""));
    let url = format!("https://{}/", offering.address);
    assert_fails(&[&url, "--http2", "-k"], 1, &["does not speak HTTP/2", "--http2"]);
    let silent = TargetServer::start_tls(certificate().0, |_, _| Reply::status(200, ""));
    let url = format!("https://{}/", silent.address);
    assert_fails(&[&url, "--http2", "-k"], 1, &["does not speak HTTP/2", "--http2"]);
    assert_eq!((offering.requests(), silent.requests()), (0, 0));
}
