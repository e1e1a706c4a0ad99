//! Certificates in the settings: PEM files, and those of https addresses.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::Url;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use x509_parser::parse_x509_certificate;

use super::context::{Context, Depth};
use super::verdict::{Fault, Stop, Verdict};
use crate::settings::Settings;
use crate::tls;

/// Validity left below which it is time to act.
const WARNING: Duration = Duration::from_secs(14 * 86_400);

const RENEW: &str = "renew it, and restart the server that presents it";

pub(super) async fn check(context: Arc<Context>) -> Result<Verdict, Stop> {
    let written = Settings::written(context.layout())
        .map_err(|_| Stop::skip("settings.env cannot be read; see the check settings"))?;
    let mut faults = Vec::new();
    let mut seen = 0;
    for (name, value) in &written {
        let is_file = is_pem(name, value);
        let address = Url::parse(value).ok().filter(|url| url.scheme() == "https");
        let chain = match address {
            None if is_file => read(Path::new(value)),
            // A look at another machine is no local check.
            Some(url) if context.depth() == Depth::Full => tls::presented(&url, context.patience()).await,
            _ => continue,
        };
        seen += 1;
        // The value may hold a secret, as the address of a webhook does.
        match chain.and_then(|chain| earliest_end(&chain)) {
            Ok(end) => faults.extend(fault(name, end, SystemTime::now())),
            Err(reason) => faults.push(Fault::failed(
                format!("{name}: {reason}"),
                "see whether the file or the address is right",
            )),
        }
    }
    if seen == 0 {
        return Err(Stop::skip("none are set"));
    }
    Ok(Verdict::new(format!("{seen} looked at"), faults))
}

/// Whether a setting names a file with certificates, by how such settings and files are called.
fn is_pem(name: &str, value: &str) -> bool {
    let named = [
        "_CERT",
        "_CERT_FILE",
        "_CERTIFICATE",
        "_CERTIFICATE_FILE",
        "_CACERT",
        "_CA_FILE",
    ];
    let extension = Path::new(value).extension().and_then(|extension| extension.to_str());
    named.iter().any(|end| name.ends_with(end)) || matches!(extension, Some("crt" | "cer"))
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Result<Vec<_>, _> = match CertificateDer::pem_file_iter(path) {
        Ok(found) => found.collect(),
        Err(error) => Err(error),
    };
    let chain = chain.map_err(|error| format!("{} cannot be read ({error})", path.display()))?;
    if chain.is_empty() {
        return Err(format!("{} holds no certificate", path.display()));
    }
    Ok(chain)
}

/// When the first of a chain ends.
fn earliest_end(chain: &[CertificateDer<'_>]) -> Result<SystemTime, String> {
    let mut earliest = None;
    for certificate in chain {
        let (_, certificate) =
            parse_x509_certificate(certificate).map_err(|error| format!("the certificate cannot be read ({error})"))?;
        let end = u64::try_from(certificate.validity().not_after.timestamp()).unwrap_or_default();
        let end = UNIX_EPOCH + Duration::from_secs(end);
        earliest = Some(earliest.map_or(end, |earliest: SystemTime| earliest.min(end)));
    }
    earliest.ok_or_else(|| "there is no certificate".to_owned())
}

fn fault(name: &str, end: SystemTime, now: SystemTime) -> Option<Fault> {
    let date = humantime::format_rfc3339_seconds(end);
    match end.duration_since(now) {
        Err(_) => Some(Fault::failed(
            format!("the certificate of {name} has ended on {date}"),
            RENEW,
        )),
        Ok(left) if left < WARNING => Some(Fault::warning(
            format!("the certificate of {name} ends on {date}"),
            RENEW,
        )),
        Ok(_) => None,
    }
}
