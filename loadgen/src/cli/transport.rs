//! Flags on how requests travel.

use std::path::PathBuf;

use clap::Args;

use loadgen::proxy::{ProxyError, ProxySettings};
use loadgen::tls::TlsSettings;
use loadgen::transport::{ResolveEntry, TransportSettings};

use super::Failure;

/// How requests travel to the target.
#[derive(Debug, Args)]
#[command(next_help_heading = "Transport")]
pub(crate) struct TransportArgs {
    /// Speak HTTP/2: over TLS by ALPN with https, by prior knowledge with http. Each virtual user has a connection of
    /// its own and one request at a time on it, as with HTTP/1.1, where a browser would have several. Bytes are counted
    /// as they go over the connection: frames of all kinds, heads compressed.
    #[arg(long)]
    http2: bool,

    /// Go through an HTTP proxy, http://[USER:PASSWORD@]HOST:PORT; @FILE takes the URL from a file, which keeps a password
    /// out of the process list. Requests to http targets are passed on by the proxy, whose own error answers then count
    /// like the target's; https and --http2 go through a tunnel (CONNECT). Without this flag no proxy is used: variables
    /// such as http_proxy are not read.
    #[arg(long, value_name = "URL", allow_hyphen_values = false)]
    proxy: Option<String>,

    /// Connect to ADDRESS where HOST is meant, e.g. www.example.com:443:203.0.113.7; without a port it is for all of them.
    /// May be repeated, for several addresses too, over which the virtual users are spread. Names are otherwise looked up
    /// at the start and every 30s for new connections.
    #[arg(long, value_name = "HOST[:PORT]:ADDRESS")]
    resolve: Vec<ResolveEntry>,

    /// Keep cookies that the target sets, each virtual user its own, for the whole run, and send them back. Without this
    /// flag they are ignored.
    #[arg(long)]
    cookies: bool,

    /// Trust the certificates in a PEM file besides the system's.
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,

    /// Trust whatever certificate the target shows; for test systems only, a warning says so at each run.
    #[arg(short = 'k', long)]
    insecure: bool,
}

impl TransportArgs {
    /// The settings; reads the file that --proxy may name.
    pub(crate) fn settings(&self) -> Result<TransportSettings, Failure> {
        Ok(TransportSettings {
            http2: self.http2,
            proxy: self.proxy.as_deref().map(proxy).transpose()?,
            resolve: self.resolve.clone(),
            cookies: self.cookies,
            tls: TlsSettings {
                ca_file: self.cacert.clone(),
                insecure: self.insecure,
            },
        })
    }
}

fn proxy(argument: &str) -> Result<ProxySettings, Failure> {
    let wrong = |error: ProxyError| Failure::usage(format!("--proxy: {error}"));
    let Some(path) = argument.strip_prefix('@') else {
        return argument.parse().map_err(wrong);
    };
    let text = std::fs::read_to_string(path).map_err(Failure::unreadable(format!("--proxy @{path}")))?;
    text.parse().map_err(wrong)
}
