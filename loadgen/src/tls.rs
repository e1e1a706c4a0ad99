//! TLS settings of a run.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    AlertDescription, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

/// How https targets are trusted.
#[derive(Clone, Debug, Default)]
pub struct TlsSettings {
    /// A PEM file of certificates to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Trust whatever certificate the target shows.
    pub insecure: bool,
}

impl TlsSettings {
    /// What the user should be reminded of.
    pub(crate) fn warning(&self) -> Option<&'static str> {
        self.insecure.then_some(
            "warning: --insecure trusts whatever certificate is shown: anyone on the way can read and change what is sent",
        )
    }
}

/// Why TLS could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of `--cacert` cannot be used.
    #[error("--cacert {path}: {reason}; give a PEM file with at least one certificate")]
    CaFile {
        /// As given.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// rustls refuses the settings.
    #[error("TLS could not be set up: {0}")]
    Settings(#[from] Error),
}

/// What is asked for while connecting, so that a target does not have to guess.
pub(crate) const HTTP1: &[u8] = b"http/1.1";
/// HTTP/2 over TLS, as registered for ALPN.
pub(crate) const HTTP2: &[u8] = b"h2";

/// Builds the connector that all connections of a run share, and with it the tickets for resuming sessions.
///
/// The system's roots are used; a system without any (a bare container) gets those of Mozilla. `protocol` is the only
/// one offered: a run measures one protocol.
pub(crate) fn connector(settings: &TlsSettings, protocol: &[u8]) -> Result<TlsConnector, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let mut config = if settings.insecure {
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate { provider }))
            .with_no_client_auth()
    } else {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        if let Some(path) = &settings.ca_file {
            add_file(&mut roots, path)?;
        }
        builder.with_root_certificates(roots).with_no_client_auth()
    };
    config.alpn_protocols = vec![protocol.to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Whether a handshake failed because the target has none of the protocols offered.
pub(crate) fn is_protocol_refused(error: &io::Error) -> bool {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<Error>());
    matches!(
        cause,
        Some(Error::AlertReceived(AlertDescription::NoApplicationProtocol) | Error::NoApplicationProtocol)
    )
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), TlsError> {
    let wrong = |reason: String| TlsError::CaFile {
        path: path.display().to_string(),
        reason,
    };
    let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let mut added = 0;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
        added += 1;
    }
    if added == 0 {
        Err(wrong("no certificate in it".to_owned()))
    } else {
        Ok(())
    }
}

/// The verifier of `--insecure`: signatures are checked, identities are not.
#[derive(Debug)]
struct AnyCertificate {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
