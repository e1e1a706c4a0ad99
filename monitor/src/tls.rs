//! TLS with servers elsewhere: the certificates that they present.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// The chain that the server of an https address presents, once it was verified against this system's roots. An error
/// names no more of the address than its host.
///
/// # Errors
/// There is no connection within that time, or the chain cannot be trusted; and why.
pub(crate) async fn presented(url: &Url, patience: Duration) -> Result<Vec<CertificateDer<'static>>, String> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    match timeout(patience, handshake(&host, port)).await {
        Ok(chain) => chain.map_err(|reason| format!("{host} port {port}: {reason}")),
        Err(_) => Err(format!(
            "{host} port {port}: no answer within {:.1} s",
            patience.as_secs_f64()
        )),
    }
}

async fn handshake(host: &str, port: u16) -> Result<Vec<CertificateDer<'static>>, String> {
    let mut roots = RootCertStore::empty();
    // Those that cannot be read are left out: what they would have signed is not trusted, and the error says so.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
    let stream = TcpStream::connect((host, port))
        .await
        .map_err(|error| error.to_string())?;
    let stream = TlsConnector::from(Arc::new(tls)).connect(name, stream).await;
    let stream = stream.map_err(|error| error.to_string())?;
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    Ok(chain.iter().cloned().map(CertificateDer::into_owned).collect())
}
