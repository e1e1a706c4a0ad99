//! What would fail later is found before the load starts.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::thread;

use loadgen::influxdb::{Destination, InfluxSettings, Token, check};
use loadgen::tls::TlsSettings;
use test_servers::InfluxDb;

use crate::certificate::certificate;
use crate::target_server::{Reply, TargetServer};

fn settings(url: &str, org: &str, bucket: &str, token: &str) -> InfluxSettings {
    InfluxSettings {
        destination: Destination::new(url, org, bucket).unwrap(),
        token: Token::new(token).unwrap(),
        tls: TlsSettings::default(),
        spool: PathBuf::from("unused"),
    }
}

fn error(settings: &InfluxSettings) -> String {
    check(settings).unwrap_err().to_string()
}

#[test]
fn each_wrong_setting_is_named() {
    let influxdb = InfluxDb::start().unwrap();
    let (url, org, bucket) = (influxdb.url(), InfluxDb::ORGANISATION, InfluxDb::LOADGEN);
    let writer = influxdb.loadgen_writer_token();
    check(&settings(&url, org, bucket, writer)).unwrap();
    let left = influxdb.query(bucket, "SHOW SERIES").unwrap();
    assert!(left.iter().all(|series| series.points.is_empty()), "{left:?}");

    for (settings, expected) in [
        (settings(&url, org, bucket, "nonsense"), "does not know the token"),
        (
            settings(&url, org, bucket, influxdb.reader_token()),
            "may not write to the bucket `loadgen`",
        ),
        (
            settings(&url, org, bucket, influxdb.telemetry_writer_token()),
            "may not write to the bucket",
        ),
        (
            settings(&url, "nobody", bucket, writer),
            "no organisation `nobody`; correct --influx-org",
        ),
        (settings(&url, org, "nothing", writer), "no bucket `nothing`"),
        (
            settings(&format!("{url}/deeper"), org, bucket, writer),
            "correct --influx-url",
        ),
    ] {
        let error = error(&settings);
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains(writer) && !error.contains('\n'), "{error}");
    }
}

#[test]
fn what_is_no_influxdb_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        for answer in ["200 OK", "301 Moved", "503 Away"] {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            let text = format!("HTTP/1.1 {answer}\r\nContent-Length: 4\r\nConnection: close\r\n\r\n<p/>");
            stream.write_all(text.as_bytes()).unwrap();
        }
    });
    let settings = settings(&url, "o", "b", "secret");
    for expected in ["status 200, which InfluxDB 2 does not", "status 301", "status 503"] {
        let error = error(&settings);
        assert!(error.contains(expected), "{error}");
    }
    server.join().unwrap();
    let error = error(&settings);
    // Refused, or reset where the listener goes away just then.
    assert!(error.contains("does not answer (Connection re"), "{error}");
}

#[test]
fn a_token_goes_only_to_a_server_that_can_prove_who_it_is() {
    let (config, authority) = certificate();
    let server = TargetServer::start_tls(config, |_, _| Reply::status(204, ""));
    let url = server.url("").replace("http://127.0.0.1", "https://localhost");
    let mut settings = settings(&url, "o", "b", "secret");
    settings.tls.insecure = true;
    let error = error(&settings);
    assert!(error.contains("certificate"), "{error}");
    assert_eq!(server.requests(), 0);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    std::fs::write(&file, authority).unwrap();
    settings.tls.ca_file = Some(file);
    check(&settings).unwrap();
    assert_eq!(server.requests(), 1);
}
