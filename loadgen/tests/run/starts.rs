//! How runs begin, and why they do not.

use std::net::TcpListener;
use std::time::Duration;

use crate::certificate::certificate;
use crate::command::{run, summary};
use crate::target_server::{Reply, TargetServer};

pub(crate) fn assert_fails(arguments: &[&str], code: i32, words: &[&str]) {
    let outcome = run(arguments);
    assert_eq!(outcome.code, Some(code), "{arguments:?}: {outcome:?}");
    for word in words {
        assert!(
            outcome.stderr.contains(word),
            "{arguments:?}: no `{word}` in {}",
            outcome.stderr
        );
    }
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
    assert!(outcome.took < Duration::from_secs(30), "{:?}", outcome.took);
}

#[test]
fn a_target_that_does_not_answer_ends_the_run_at_once() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    assert_fails(&[&closed, "--duration", "60s"], 1, &["refused", "start the target"]);
    let silent = TargetServer::start(|_, _| Reply::stall());
    let url = silent.url("/");
    assert_fails(
        &[&url, "--duration", "60s", "--timeout", "300ms"],
        1,
        &["within the timeout", "health"],
    );
    assert_eq!(silent.requests(), 1, "nothing else is sent before the first answer");
    let resetting = TargetServer::start(|_, _| Reply::reset());
    assert_fails(&[&resetting.url("/"), "--duration", "60s"], 1, &["reset"]);
    let other = TargetServer::start(|_, _| Reply::raw("220 smtp ready\r\n\r\n").then_close());
    assert_fails(
        &[&other.url("/"), "--duration", "60s"],
        1,
        &["HTTP", "check scheme and port"],
    );
    let closing = TargetServer::start(|_, _| Reply::raw("").then_close());
    assert_fails(&[&closing.url("/"), "--duration", "60s"], 1, &["closed the connection"]);
    assert_fails(
        &["http://no-such-host.invalid/", "--duration", "60s"],
        1,
        &["no-such-host.invalid", "resolved"],
    );
}

#[test]
fn the_first_request_is_counted_even_if_it_fails() {
    let server = TargetServer::start(|_, number| Reply::status(if number == 0 { 500 } else { 200 }, ""));
    let (_, summary) = summary(&[&server.url("/"), "--vus", "3", "--duration", "200ms"]);
    assert_eq!(summary["status"]["500"], 1, "{summary:#}");
    assert_eq!(summary["requests"].as_u64(), Some(server.requests()));
}

#[test]
fn wrong_usage_is_refused_with_what_is_allowed() {
    let server = TargetServer::start(|_, _| Reply::status(200, ""));
    let url = server.url("/");
    let url = url.as_str();
    assert_fails(&[], 2, &["URL"]);
    assert_fails(&["ftp://host/"], 2, &["http or https"]);
    assert_fails(&["http://"], 2, &["not a URL"]);
    assert_fails(&[url, "--threshold", "p(99)<5"], 2, &["us, ms or s"]);
    assert_fails(&[url, "--threshold", "create: p(99)<5ms"], 2, &["`create`", "request"]);
    assert_fails(
        &[url, "--scenario", "items", "--threshold", "make: max<1s"],
        2,
        &["create", "delete"],
    );
    assert_fails(&[url, "--run-id", "a b"], 2, &["64 characters"]);
    assert_fails(&[url, "--vus", "0"], 2, &["--vus"]);
    assert_fails(&[url, "--duration", "10"], 2, &["1m30s"]);
    assert_fails(&[url, "--duration", "0s"], 2, &["--duration"]);
    assert_fails(&[url, "-H", "broken"], 2, &["Name: value"]);
    assert_fails(&[url, "-X", "GE T"], 2, &["--method"]);
    assert_fails(&[url, "-d", "@/no/such/file"], 2, &["/no/such/file"]);
    assert_fails(&[url, "--scenario", "items", "-X", "PUT"], 2, &["--scenario"]);
    assert_fails(&[url, "--rate", "5 apples"], 2, &["--rate", "500/s"]);
    assert_fails(&[url, "--max-vus", "5"], 2, &["--max-vus"]);
    assert_fails(&[url, "--scenario", "nothing"], 2, &["nothing", "items"]);
    assert_eq!(server.requests(), 0);
    let help = run(&["--help"]);
    assert_eq!(help.code, Some(0));
    assert!(
        help.stdout.contains("--think-time") && help.stdout.contains("99"),
        "{}",
        help.stdout
    );
}

#[test]
fn https_targets_must_be_trusted() {
    let (config, pem) = certificate();
    let server = TargetServer::start_tls(config, |_, _| Reply::status(200, &"z".repeat(40_000)));
    let url = format!("https://{}/", server.address);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, pem).unwrap();
    let ca = file.path().display().to_string();
    let (outcome, figures) = summary(&[&url, "--cacert", &ca, "--vus", "3", "--duration", "500ms"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert_eq!(figures["requests"].as_u64(), Some(server.requests()));
    assert_eq!((figures["failed"].as_u64(), server.connections()), (Some(0), 3));
    let (_, figures) = summary(&[&url, "-k", "--vus", "1", "--duration", "100ms"]);
    assert_eq!(figures["failed"], 0);
    let seen = server.requests();
    assert_fails(&[&url], 1, &["certificate", "--cacert"]);
    let plain = TargetServer::start(|_, _| Reply::status(200, ""));
    assert_fails(&[&format!("https://{}", plain.address)], 1, &["TLS"]);
    assert_fails(&[&url, "--cacert", "/no/such.pem"], 1, &["/no/such.pem"]);
    assert_eq!(server.requests(), seen);
}

#[test]
fn a_redirect_to_https_is_followed_only_where_no_scheme_was_typed() {
    let (config, _) = certificate();
    let secure = TargetServer::start_tls(config, |_, _| Reply::status(200, ""));
    let location = format!("https://{}/a", secure.address);
    let plain = TargetServer::start(move |_, _| Reply::redirect(&location));
    let short = ["-k", "--vus", "2", "--duration", "200ms"];
    let address = format!("{}/a", plain.address);
    let (outcome, figures) = summary(&[&[address.as_str()], &short[..]].concat());
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stderr.contains("redirects to https"), "{}", outcome.stderr);
    assert_eq!(plain.requests(), 1);
    assert_eq!(figures["requests"].as_u64(), Some(secure.requests()));
    assert_eq!(
        figures["status"].as_object().unwrap().len(),
        1,
        "the redirect is not counted"
    );
    assert_eq!(figures["target"], format!("https://{}/a", secure.address));
    let (_, figures) = summary(&[&[plain.url("/a").as_str()], &short[..]].concat());
    assert_eq!(figures["failed"], figures["requests"], "a typed scheme stays");
}
