//! Proxies, addresses, cookies and certificates.

use std::collections::HashSet;
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, Mutex};

use crate::certificate::certificate;
use crate::command::{run, summary};
use crate::http2_server::{Http2Reply, Http2Server};
use crate::proxy_server::ProxyServer;
use crate::starts::assert_fails;
use crate::target_server::{Reply, TargetServer};

#[test]
fn a_proxy_passes_requests_on() {
    // me:s3cret
    let proxy = ProxyServer::start(Some("Basic bWU6czNjcmV0"));
    let server = TargetServer::start(|request, _| {
        let leaked = request.header("proxy-authorization").is_some();
        Reply::status(if leaked || request.path != "/a?b=c" { 500 } else { 200 }, "hello")
    });
    let given = format!("http://me:s3cret@{}", proxy.address);
    let (outcome, figures) = summary(&[
        &server.url("/a?b=c"),
        "--proxy",
        &given,
        "-d",
        "body",
        "--vus",
        "2",
        "--duration",
        "300ms",
    ]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert_eq!(figures["failed"], 0, "{figures:#}");
    assert_eq!(figures["requests"].as_u64(), Some(server.requests()));
    let seen = proxy.seen();
    assert_eq!(seen.len() as u64, server.requests());
    let line = format!("POST {} HTTP/1.1", server.url("/a?b=c"));
    assert!(seen.iter().all(|first| *first == line), "{seen:?}");
    let shown = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(!shown.contains("s3cret"), "{shown}");
    // From a file, and with the target as the proxy sees it.
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, format!("{given}\n")).unwrap();
    let from_file = format!("@{}", file.path().display());
    let short = ["--vus", "1", "--duration", "50ms"];
    let (_, figures) = summary(&[&[server.url("/a?b=c").as_str(), "--proxy", &from_file], &short[..]].concat());
    assert_eq!(figures["failed"], 0, "{figures:#}");
    let without = format!("{}", proxy.address);
    let (_, figures) = summary(&[&[server.url("/").as_str(), "--proxy", &without], &short[..]].concat());
    assert_eq!(figures["status"]["407"], figures["requests"], "{figures:#}");
}

#[test]
fn a_proxy_opens_tunnels_for_https_and_http2() {
    let proxy = ProxyServer::start(Some("Basic bWU6czNjcmV0"));
    let given = format!("http://me:s3cret@{}", proxy.address);
    let secure = TargetServer::start_tls(certificate().0, |_, _| Reply::status(200, "hello"));
    let url = format!("https://{}/", secure.address);
    let short = ["-k", "--vus", "2", "--duration", "200ms"];
    let (_, figures) = summary(&[&[url.as_str(), "--proxy", &given], &short[..]].concat());
    assert_eq!(
        (figures["failed"].as_u64(), figures["requests"].as_u64()),
        (Some(0), Some(secure.requests()))
    );
    assert_eq!(proxy.seen(), vec![format!("CONNECT {} HTTP/1.1", secure.address); 2]);
    for tls in [None, Some(certificate().0)] {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let http2 = Http2Server::start(tls, |_, _| Http2Reply::status(200, "hello"));
        let url = format!("{scheme}://{}/", http2.address);
        let (_, figures) = summary(&[&[url.as_str(), "--http2", "--proxy", &given], &short[..]].concat());
        assert_eq!(
            (figures["failed"].as_u64(), figures["requests"].as_u64()),
            (Some(0), Some(http2.requests()))
        );
    }
    let stranger = format!("http://me:wr0ng@{}", proxy.address);
    let outcome = run(&[&url, "-k", "--proxy", &stranger]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(
        outcome.stderr.contains("407") && outcome.stderr.contains("--proxy"),
        "{}",
        outcome.stderr
    );
    assert!(!outcome.stderr.contains("wr0ng"), "{}", outcome.stderr);
    assert_fails(
        &["https://127.0.0.1:1/", "-k", "--proxy", &given],
        1,
        &["502", "the proxy"],
    );
}

#[test]
fn a_proxy_is_used_only_if_asked_for_and_blamed_for_its_own_failures() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    let server = TargetServer::start(|_, _| Reply::status(200, ""));
    let url = server.url("/");
    assert_fails(&[&url, "--proxy", &closed], 1, &["the proxy", "refused", "--proxy"]);
    assert_fails(
        &[&url, "--proxy", "socks5://me:s3cret@proxy"],
        2,
        &["--proxy", "proxy.example.com"],
    );
    assert_eq!(server.requests(), 0);
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env(name, format!("http://{closed}"));
    }
    let output = command
        .args(["run", &url, "--vus", "1", "--duration", "50ms"])
        .output()
        .unwrap();
    assert!(output.status.success() && server.requests() > 0, "{output:?}");
}

#[test]
fn names_go_where_resolve_says() {
    let hosts = Arc::new(Mutex::new(HashSet::new()));
    let noted = Arc::clone(&hosts);
    let server = TargetServer::start(move |request, _| {
        noted.lock().unwrap().insert(request.header("host").unwrap().to_owned());
        Reply::status(200, "")
    });
    let port = server.address.port();
    let url = format!("http://shop.invalid:{port}/");
    let short = ["--vus", "2", "--duration", "100ms"];
    for entry in [
        format!("shop.invalid:{port}:127.0.0.1"),
        "shop.invalid:127.0.0.1".to_owned(),
    ] {
        let (outcome, figures) = summary(&[&[url.as_str(), "--resolve", &entry], &short[..]].concat());
        assert_eq!(
            (outcome.code, figures["failed"].as_u64()),
            (Some(0), Some(0)),
            "{outcome:?}"
        );
    }
    assert_eq!(*hosts.lock().unwrap(), HashSet::from([format!("shop.invalid:{port}")]));
    let requests = server.requests();
    assert_fails(
        &[&url, "--resolve", "shpo.invalid:127.0.0.1"],
        1,
        &["shop.invalid", "--resolve"],
    );
    assert_fails(
        &[&url, "--resolve", "nonsense"],
        2,
        &["--resolve", "www.example.com:443"],
    );
    assert_eq!(server.requests(), requests);
}

#[test]
fn cookies_are_kept_only_if_asked_for_by_each_user_for_itself() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let server = TargetServer::start(move |request, number| {
        let cookie = request.header("cookie").map(str::to_owned);
        let set = if cookie.is_some() {
            String::new()
        } else {
            format!("Set-Cookie: session={number}; HttpOnly\r\nSet-Cookie: elsewhere=1; Domain=example.com\r\n")
        };
        noted.lock().unwrap().push(cookie);
        Reply::raw(format!("HTTP/1.1 200 OK\r\n{set}Content-Length: 0\r\n\r\n"))
    });
    let short = ["--vus", "3", "--duration", "300ms"];
    let url = server.url("/");
    summary(&[&[url.as_str()], &short[..]].concat());
    assert!(seen.lock().unwrap().drain(..).all(|cookie| cookie.is_none()));
    let (_, figures) = summary(&[&[url.as_str(), "--cookies"], &short[..]].concat());
    assert_eq!(figures["failed"], 0, "{figures:#}");
    let seen = seen.lock().unwrap();
    assert_eq!(
        seen.iter().filter(|cookie| cookie.is_none()).count(),
        3,
        "only first requests come without"
    );
    let sessions: HashSet<&str> = seen.iter().flatten().map(String::as_str).collect();
    assert_eq!(sessions.len(), 3, "{sessions:?}");
    assert!(
        sessions.iter().all(|session| session.starts_with("session=")),
        "{sessions:?}"
    );
}

#[test]
fn trusting_anything_is_warned_of() {
    let server = TargetServer::start_tls(certificate().0, |_, _| Reply::status(200, ""));
    let url = format!("https://{}/", server.address);
    let outcome = run(&[&url, "-k", "--vus", "1", "--duration", "50ms"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stderr.contains("warning: --insecure"), "{}", outcome.stderr);
}
