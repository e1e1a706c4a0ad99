//! Doubles of DynamoDB, for the ways to fail that DynamoDB Local cannot be asked for.

use std::io::{self, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::DynamoDbLocal;
use crate::http_message::Message;
use crate::tcp_double::serve;
pub use crate::tcp_double::{absent, silent};

/// Answers every request with this status and error code.
pub fn refusing(status: &'static str, code: &'static str) -> String {
    serve(move |stream| {
        let mut requests = BufReader::new(stream);
        while let Ok(Some(_)) = Message::read(&mut requests, true) {
            if requests.get_mut().write_all(&refusal(status, code)).is_err() {
                return;
            }
        }
    })
}

/// An answer of DynamoDB that refuses, with a message that no client should see.
pub fn refusal(status: &str, code: &str) -> Vec<u8> {
    let body = format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"internal detail"}}"#);
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.0\r\n");
    format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// What a [`Proxy`] does with a request.
pub enum Treatment {
    /// Passes it on and its answer back.
    Pass,
    /// Passes it on at once and its answer back this much later.
    AnswerLate(Duration),
    /// Does not pass it on; answers this.
    AnswerInstead(Vec<u8>),
    /// Passes it on, answers what this makes of the answer, and ends the connection.
    Spoil(fn(&Message) -> Vec<u8>),
    /// Does not pass it on and never answers; the connection ends with the next change of treatment.
    Swallow,
}

type Treat = Arc<dyn Fn(&Message) -> Treatment + Send + Sync>;

/// Passes everything on to DynamoDB Local, except for what its methods say.
pub struct Proxy {
    /// Where it listens.
    pub endpoint: String,
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
    treat: Option<Treat>,
    /// Counts changes of treatment.
    changes: u64,
}

impl Orders {
    fn state(&self) -> MutexGuard<'_, ProxyState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while(&self, condition: impl FnMut(&mut ProxyState) -> bool) -> MutexGuard<'_, ProxyState> {
        self.changed
            .wait_while(self.state(), condition)
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Proxy {
    /// One before the shared DynamoDB Local.
    #[track_caller]
    pub fn start() -> Self {
        Self::before(DynamoDbLocal::shared().port())
    }

    /// One before the DynamoDB Local on this port.
    pub fn before(upstream: u16) -> Self {
        let orders = Arc::<Orders>::default();
        let obeyed = Arc::clone(&orders);
        let endpoint = serve(move |stream| {
            // Either side ended the connection: that is all there is to do about it.
            let _ = forward(stream, upstream, &obeyed);
        });
        Self { endpoint, orders }
    }

    /// Drops the next answer to this operation after DynamoDB Local has given it.
    pub fn lose_next_answer(&self, operation: &'static str) {
        self.orders.state().lose = Some(operation);
    }

    /// True once the answer has been lost.
    pub fn has_lost(&self) -> bool {
        self.orders.state().lose.is_none()
    }

    /// Keeps answers back until released.
    pub fn hold(&self) {
        self.orders.state().hold = true;
    }

    /// How many answers are kept back now.
    pub fn held(&self) -> usize {
        self.orders.state().held
    }

    /// Ends [`Proxy::hold`].
    pub fn release(&self) {
        self.orders.state().hold = false;
        self.orders.changed.notify_all();
    }

    /// Asks for each request what is to be done with it, instead of passing it on.
    pub fn treat(&self, treat: impl Fn(&Message) -> Treatment + Send + Sync + 'static) {
        self.change(Some(Arc::new(treat)));
    }

    /// Ends [`Proxy::treat`].
    pub fn pass(&self) {
        self.change(None);
    }

    fn change(&self, treat: Option<Treat>) {
        let mut state = self.orders.state();
        state.treat = treat;
        state.changes += 1;
        drop(state);
        self.orders.changed.notify_all();
    }
}

fn forward(stream: TcpStream, upstream: u16, orders: &Orders) -> io::Result<()> {
    let mut client = BufReader::new(stream);
    let mut server = BufReader::new(TcpStream::connect((Ipv4Addr::LOCALHOST, upstream))?);
    while let Some(request) = Message::read(&mut client, true)? {
        let (treat, change) = {
            let state = orders.state();
            (state.treat.clone(), state.changes)
        };
        let treatment = treat.map_or(Treatment::Pass, |treat| treat(&request));
        match treatment {
            Treatment::AnswerInstead(answer) => {
                client.get_mut().write_all(&answer)?;
                continue;
            }
            Treatment::Swallow => {
                drop(orders.wait_while(|state| state.changes == change));
                return Ok(());
            }
            _ => {}
        }
        server.get_mut().write_all(&request.to_bytes())?;
        let Some(answer) = Message::read(&mut server, true)? else {
            return Ok(());
        };
        match treatment {
            Treatment::AnswerLate(time) => thread::sleep(time),
            Treatment::Spoil(spoil) => return client.get_mut().write_all(&spoil(&answer)),
            _ => {}
        }
        let mut state = orders.state();
        if state
            .lose
            .is_some_and(|operation| request.header("x-amz-target").is_some_and(|it| it.ends_with(operation)))
        {
            state.lose = None;
            return Ok(());
        }
        state.held += 1;
        drop(state);
        let mut state = orders.wait_while(|state| state.hold);
        state.held -= 1;
        drop(state);
        client.get_mut().write_all(&answer.to_bytes())?;
    }
    Ok(())
}
