//! Doubles of DynamoDB, for the ways to fail that DynamoDB Local cannot be asked for.

use std::io::{BufReader, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use test_servers::DynamoDbLocal;

use crate::http_message::Message;
use crate::tcp_double::serve;
pub(crate) use crate::tcp_double::{absent, silent};

/// Answers every request with this status and error code.
pub(crate) fn refusing(status: &'static str, code: &'static str) -> String {
    serve(move |stream| {
        let mut requests = BufReader::new(stream);
        while let Ok(Some(_)) = Message::read(&mut requests, true) {
            let body = format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"internal detail"}}"#);
            let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.0\r\n");
            let answer = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
            if requests.get_mut().write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    })
}

/// Passes everything on to DynamoDB Local, except for what its methods say.
pub(crate) struct Proxy {
    pub(crate) endpoint: String,
    orders: Arc<Orders>,
}

#[derive(Default)]
struct Orders {
    state: Mutex<ProxyState>,
    changed: Condvar,
}

#[derive(Default)]
struct ProxyState {
    /// The operation whose next answer is dropped, and the connection with it.
    lose: Option<&'static str>,
    hold: bool,
    held: usize,
}

impl Proxy {
    pub(crate) fn start() -> Self {
        let upstream = DynamoDbLocal::shared().port();
        let orders = Arc::<Orders>::default();
        let obeyed = Arc::clone(&orders);
        let endpoint = serve(move |stream| {
            // Either side ended the connection: that is all there is to do about it.
            let _ = forward(stream, upstream, &obeyed);
        });
        Self { endpoint, orders }
    }

    /// Drops the next answer to this operation after DynamoDB Local has given it.
    pub(crate) fn lose_next_answer(&self, operation: &'static str) {
        self.orders.state.lock().unwrap().lose = Some(operation);
    }

    /// True once the answer has been lost.
    pub(crate) fn has_lost(&self) -> bool {
        self.orders.state.lock().unwrap().lose.is_none()
    }

    /// Keeps answers back until released.
    pub(crate) fn hold(&self) {
        self.orders.state.lock().unwrap().hold = true;
    }

    /// How many answers are kept back now.
    pub(crate) fn held(&self) -> usize {
        self.orders.state.lock().unwrap().held
    }

    pub(crate) fn release(&self) {
        self.orders.state.lock().unwrap().hold = false;
        self.orders.changed.notify_all();
    }
}

fn forward(stream: TcpStream, upstream: u16, orders: &Orders) -> std::io::Result<()> {
    let mut client = BufReader::new(stream);
    let mut server = BufReader::new(TcpStream::connect((Ipv4Addr::LOCALHOST, upstream))?);
    while let Some(request) = Message::read(&mut client, true)? {
        server.get_mut().write_all(&request.to_bytes())?;
        let Some(answer) = Message::read(&mut server, true)? else {
            return Ok(());
        };
        let mut state = orders.state.lock().unwrap();
        if state
            .lose
            .is_some_and(|operation| request.header("x-amz-target").is_some_and(|it| it.ends_with(operation)))
        {
            state.lose = None;
            return Ok(());
        }
        state.held += 1;
        let mut state = orders.changed.wait_while(state, |state| state.hold).unwrap();
        state.held -= 1;
        drop(state);
        client.get_mut().write_all(&answer.to_bytes())?;
    }
    Ok(())
}
