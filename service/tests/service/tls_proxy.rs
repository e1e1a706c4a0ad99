//! Ends TLS before a server that speaks without.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// A TLS server on a free port, until the test process ends.
pub(crate) struct TlsProxy {
    /// Its URL, by the one name that its certificate is for.
    pub(crate) url: String,
    folder: TempDir,
}

impl TlsProxy {
    /// Passes what it decrypts on to this port of 127.0.0.1; speaks these application protocols (ALPN).
    pub(crate) fn before(port: u16, protocols: &[&str]) -> Self {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key.into())
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(certificate(folder.path()), cert.pem()).unwrap();
        let url = format!("https://localhost:{}", serve(config, port));
        Self { url, folder }
    }

    /// A PEM file with its certificate.
    pub(crate) fn certificate(&self) -> String {
        certificate(self.folder.path())
    }
}

fn certificate(folder: &Path) -> String {
    folder.join("certificate.pem").to_str().unwrap().to_owned()
}

fn serve(config: ServerConfig, upstream: u16) -> u16 {
    let acceptor = TlsAcceptor::from(Arc::new(config));
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
                    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream)).await.unwrap();
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                });
            }
        });
    });
    port
}
