//! DynamoDB over TLS. A double in front of DynamoDB Local, which speaks plain HTTP only, ends the encryption.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::thread;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use crate::dynamodb_local;
use crate::stores::{new_item, on_dynamodb};

/// A server that ends TLS before DynamoDB Local, until the test process ends. Gives its URL and its certificate.
fn tls_before_dynamodb_local() -> (String, String) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let upstream = (Ipv4Addr::LOCALHOST, dynamodb_local::port());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        runtime.block_on(async {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // A client that does not trust the certificate goes away.
                    let Ok(mut client) = acceptor.accept(stream).await else {
                        return;
                    };
                    let mut server = TcpStream::connect(upstream).await.unwrap();
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                });
            }
        });
    });
    (format!("https://localhost:{port}"), cert.pem())
}

#[test]
fn items_are_kept_over_tls_by_the_certificates_of_the_system() {
    let (endpoint, certificate) = tls_before_dynamodb_local();
    let folder = tempfile::tempdir().unwrap();
    let trusted = folder.path().join("trusted.pem");
    std::fs::write(&trusted, certificate).unwrap();
    let service = on_dynamodb(&endpoint)
        .arg("--create-table")
        .env("SSL_CERT_FILE", trusted.to_str().unwrap())
        .start();
    assert_eq!(service.get("/readyz").status, 200);
    for id in ["1", "2", "3"] {
        assert_eq!(service.post("/items", &new_item(id, "over TLS")).status, 201);
        assert_eq!(service.get(&format!("/items/{id}")).status, 200);
    }
}

#[test]
fn a_server_that_is_not_trusted_gets_no_request() {
    let (endpoint, _) = tls_before_dynamodb_local();
    let service = on_dynamodb(&endpoint).start();
    assert_eq!(service.get("/readyz").status, 503);
    service.get("/items/1").refusal(503);
}
