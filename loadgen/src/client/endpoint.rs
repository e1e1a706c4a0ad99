//! Where a run's requests go and how its connections are opened.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::time::timeout_at;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use url::Url;

use super::stream::Stream;
use crate::dns::{self, Addresses};
use crate::http2::Http2Connection;
use crate::interrupt::Interrupt;
use crate::outcome::{Cause, Failure, FailureKind};
use crate::proxy::{self, ProxyUse};
use crate::run_error::RunError;
use crate::target::{Scheme, Target};
use crate::tls;
use crate::transport::TransportSettings;

/// Where and how to connect; the same for all virtual users.
#[derive(Clone)]
pub(crate) struct Endpoint {
    /// Of the proxy, if there is one.
    addresses: Addresses,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    http2: bool,
    proxy: Option<ProxyUse>,
    /// The root of the target, if cookies are kept.
    cookies: Option<Url>,
}

/// An open connection.
pub(crate) enum Connection {
    Http1(Stream),
    Http2(Box<Http2Connection>),
}

impl Endpoint {
    /// Looks up what has to be looked up before the load.
    ///
    /// # Errors
    /// If the host cannot be resolved or TLS not be set up.
    pub(crate) fn prepare(
        target: &Target,
        settings: &TransportSettings,
        timeout: Duration,
        interrupt: &Interrupt,
    ) -> Result<Self, RunError> {
        let tls = match target.scheme() {
            Scheme::Http => None,
            Scheme::Https => {
                let name = ServerName::try_from(target.host()).map_err(|error| RunError::Dns {
                    host: target.host(),
                    reason: error.to_string(),
                })?;
                let protocol = if settings.http2 { tls::HTTP2 } else { tls::HTTP1 };
                Some((tls::connector(&settings.tls, protocol)?, name))
            }
        };
        let hop = settings.proxy.as_ref().map_or(target, |proxy| proxy.target());
        let addresses = dns::resolve(&hop.host(), hop.port(), &settings.resolve, timeout, interrupt)?;
        Ok(Self {
            addresses,
            tls,
            http2: settings.http2,
            proxy: settings
                .proxy
                .as_ref()
                .map(|proxy| ProxyUse::new(proxy, target, settings.http2)),
            cookies: settings.cookies.then(|| target.origin()),
        })
    }

    /// The root of the target, if cookies are kept.
    pub(crate) fn cookies(&self) -> Option<&Url> {
        self.cookies.as_ref()
    }

    /// What a proxy that passes requests on needs in each: the origin before the request target, and header lines.
    pub(crate) fn forwarding(&self) -> Option<(&str, &str)> {
        match &self.proxy {
            Some(ProxyUse::Forward { origin, lines }) => Some((origin, lines)),
            _ => None,
        }
    }

    /// Opens a connection, trying the addresses in turn from `first`; gives the place of the one that worked.
    pub(crate) async fn connect(&self, first: usize, deadline: Instant) -> Result<(usize, Connection), Failure> {
        let addresses = self.addresses.now();
        let count = addresses.len();
        let mut failure = Failure::unsent(FailureKind::Dns, Cause::Text("the name has no address"));
        for attempt in 0..count {
            let index = (first + attempt) % count;
            let now = Instant::now();
            // An address that does not answer must not use up the time of those after it.
            let share = deadline.saturating_duration_since(now) / (count - attempt) as u32;
            match self.connect_to(addresses[index], now + share).await {
                Ok(connection) => return Ok((index, connection)),
                // An address of a family that the machine does not have looks like a want of ports; the others' failures
                // say more.
                Err(error) if attempt > 0 && error.kind == FailureKind::NoLocalPort => {}
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    async fn connect_to(&self, address: SocketAddr, deadline: Instant) -> Result<Connection, Failure> {
        let phase = Cell::new(Cause::Text("no connection within the timeout"));
        let opened = timeout_at(deadline.into(), self.open(address, &phase)).await;
        opened.unwrap_or_else(|_| Err(Failure::unsent(FailureKind::ConnectTimeout, phase.into_inner())))
    }

    async fn open(&self, address: SocketAddr, phase: &Cell<Cause>) -> Result<Connection, Failure> {
        if self.proxy.is_some() {
            phase.set(Cause::ProxyText("no connection within the timeout"));
        }
        let mut tcp = TcpStream::connect(address).await.map_err(|error| {
            let failure = Failure::connecting(error);
            if self.proxy.is_some() {
                failure.at_proxy()
            } else {
                failure
            }
        })?;
        // Only delays answers where it fails.
        let _ = tcp.set_nodelay(true);
        if let Some(ProxyUse::Tunnel { connect }) = &self.proxy {
            phase.set(Cause::ProxyText("no answer to CONNECT within the timeout"));
            proxy::open_tunnel(&mut tcp, connect).await?;
        }
        let stream = match &self.tls {
            None => Stream::Plain(tcp),
            Some((connector, name)) => {
                phase.set(Cause::Text("the TLS handshake was not complete within the timeout"));
                let tls = connector.connect(name.clone(), tcp).await.map_err(|error| {
                    if tls::is_protocol_refused(&error) {
                        self.protocol_refused()
                    } else {
                        Failure::handshaking(error)
                    }
                })?;
                // A target that does not know ALPN speaks HTTP/1.1.
                if self.http2 && tls.get_ref().1.alpn_protocol() != Some(tls::HTTP2) {
                    return Err(self.protocol_refused());
                }
                Stream::Tls(Box::new(tls))
            }
        };
        if !self.http2 {
            return Ok(Connection::Http1(stream));
        }
        phase.set(Cause::Text("the HTTP/2 handshake was not complete within the timeout"));
        let connection = Http2Connection::open(stream).await.map_err(|error| Failure {
            sent: false,
            ..Failure::http2(error)
        })?;
        Ok(Connection::Http2(Box::new(connection)))
    }

    fn protocol_refused(&self) -> Failure {
        let text = if self.http2 {
            "the target does not speak HTTP/2 over TLS (leave out --http2 for HTTP/1.1)"
        } else {
            "the target does not speak HTTP/1.1 over TLS (use --http2 for HTTP/2)"
        };
        Failure::unsent(FailureKind::Protocol, Cause::Text(text))
    }
}
