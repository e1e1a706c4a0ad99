//! Doubles of servers that fail before any protocol, and the listener that other doubles are made of.

use std::io::BufReader;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use crate::http_message::Message;

/// An endpoint where nothing listens.
pub(crate) fn absent() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    url(&listener)
}

/// Takes connections and requests and never answers.
pub(crate) fn silent() -> String {
    serve(|stream| {
        let mut requests = BufReader::new(stream);
        while let Ok(Some(_)) = Message::read(&mut requests, true) {}
    })
}

/// Gives each connection to `answer`, on a thread of its own, until the test process ends.
pub(crate) fn serve(answer: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = url(&listener);
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = Arc::clone(&answer);
            thread::spawn(move || answer(stream));
        }
    });
    url
}

fn url(listener: &TcpListener) -> String {
    format!("http://{}", listener.local_addr().unwrap())
}
