//! A proxy before the collector, which knows what the collector has accepted.

use std::io::{self, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use test_servers::Collector;

use test_servers::http_message::Message;
use test_servers::tcp_double::serve;

/// Passes OTLP over HTTP on to a collector, until the test process ends.
pub(crate) struct OtlpProxy {
    pub(crate) endpoint: String,
    accepted: Arc<AtomicUsize>,
}

impl OtlpProxy {
    /// Answers each export after this delay.
    pub(crate) fn before(collector: &Collector, delay: Duration) -> Self {
        let upstream = collector.http_endpoint().trim_start_matches("http://").parse().unwrap();
        let accepted = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&accepted);
        let endpoint = serve(move |stream| {
            // Either side ended the connection: that is all there is to do about it.
            let _ = forward(stream, upstream, delay, &count);
        });
        Self { endpoint, accepted }
    }

    /// Exports of metrics that the collector has accepted.
    pub(crate) fn accepted_metrics(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }
}

fn forward(stream: TcpStream, upstream: SocketAddr, delay: Duration, accepted: &AtomicUsize) -> io::Result<()> {
    let mut client = BufReader::new(stream);
    let mut server = BufReader::new(TcpStream::connect(upstream)?);
    while let Some(request) = Message::read(&mut client, true)? {
        server.get_mut().write_all(&request.to_bytes())?;
        let Some(answer) = Message::read(&mut server, true)? else {
            return Ok(());
        };
        if request.head.starts_with("POST /v1/metrics ") && answer.head.starts_with("HTTP/1.1 200 ") {
            accepted.fetch_add(1, Ordering::Relaxed);
        }
        thread::sleep(delay);
        client.get_mut().write_all(&answer.to_bytes())?;
    }
    Ok(())
}
