//! Nothing is left of the servers, however the process that started them ends.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

use test_servers::{Collector, poll};

#[test]
fn a_dropped_server_is_gone_with_its_folder() {
    let collector = Collector::options().start().unwrap();
    let address: SocketAddr = collector.http_endpoint().trim_start_matches("http://").parse().unwrap();
    let folder = collector.queue_folder().parent().unwrap().to_owned();
    assert!(folder.is_dir());
    drop(collector);
    assert!(TcpStream::connect(address).is_err());
    assert!(!folder.exists(), "{}", folder.display());
}

#[test]
fn servers_end_with_a_process_that_is_killed_and_leave_no_files() {
    let temporary = tempfile::tempdir().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_test-servers"))
        .env("TMPDIR", temporary.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(program.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let variables: BTreeMap<_, _> = lines
        .map_while(|line| {
            let (variable, value) = line.strip_prefix("export ")?.split_once('=')?;
            Some((variable.to_owned(), value.trim_matches('\'').to_owned()))
        })
        .collect();
    let addresses = [
        "AWS_ENDPOINT_URL_DYNAMODB",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "INFLUX_URL",
        "JAEGER_URL",
    ]
    .map(|variable| {
        variables[variable]
            .trim_start_matches("http://")
            .parse::<SocketAddr>()
            .unwrap()
    });
    assert!(addresses.iter().all(|address| TcpStream::connect(address).is_ok()));
    assert_eq!(entries(temporary.path()), 4);
    program.kill().unwrap();
    program.wait().unwrap();
    poll("the end of the servers", || {
        let is_open = |address: &SocketAddr| TcpStream::connect(address).is_ok();
        (!addresses.iter().any(is_open) && entries(temporary.path()) == 0).then_some(())
    });
}

fn entries(folder: &Path) -> usize {
    folder.read_dir().unwrap().count()
}
