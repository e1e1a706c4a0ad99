//! `service --check-health`, by which a container without a shell is asked.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use rustix::process::Signal;

use crate::running_service::ServiceCommand;

fn check(listen: &str) -> ServiceCommand {
    ServiceCommand::bare().env("LISTEN_ADDR", listen).arg("--check-health")
}

#[test]
fn a_service_that_serves_is_healthy() {
    let service = ServiceCommand::new().start();
    let finished = check(&service.address.to_string()).run();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stderr.is_empty() && finished.stdout.is_empty(), "{finished:?}");
}

#[test]
fn one_on_every_address_is_asked_on_loopback() {
    for (listen, every) in [("0.0.0.0:0", "0.0.0.0"), ("[::]:0", "[::]")] {
        let service = ServiceCommand::new().env("LISTEN_ADDR", listen).start();
        let finished = check(&format!("{every}:{}", service.address.port())).run();
        assert_eq!(finished.code, Some(0), "{finished:?}");
    }
}

#[test]
fn nothing_else_has_to_be_set_for_it() {
    let service = ServiceCommand::new().start();
    // What would stop the start of a service: a store that must be named, and settings that cannot be used.
    let finished = check(&service.address.to_string())
        .env("ECS_CONTAINER_METADATA_URI_V4", "http://169.254.170.2/v4/x")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "nonsense")
        .run();
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

#[test]
fn a_service_that_hangs_is_not_healthy() {
    let service = ServiceCommand::new().start();
    service.signal(Signal::STOP);
    let finished = check(&service.address.to_string()).run();
    service.signal(Signal::CONT);
    finished.is_refused(1, &["does not answer", "timed out"]);
}

#[test]
fn where_nothing_listens_nothing_is_healthy() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    check(&closed.to_string())
        .run()
        .is_refused(1, &["does not answer", "LISTEN_ADDR"]);
}

#[test]
fn an_answer_that_is_not_200_is_not_healthy() {
    for (answer, part) in [
        ("HTTP/1.1 503 Service Unavailable\r\n\r\n", "503"),
        ("nonsense of some length", "nonsense"),
        ("HTTP", "does not answer"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let length = connection.read(&mut request).unwrap();
            connection.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        check(&address.to_string()).run().is_refused(1, &[part]);
        assert!(server.join().unwrap().starts_with("GET /healthz HTTP/1.1\r\n"));
    }
}

#[test]
fn a_port_that_is_chosen_anew_cannot_be_asked() {
    check("127.0.0.1:0")
        .run()
        .is_refused(2, &["--check-health", "LISTEN_ADDR"]);
}
