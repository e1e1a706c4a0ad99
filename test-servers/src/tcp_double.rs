//! Doubles of servers that fail before any protocol, and the listener that other doubles are made of.

use std::io::BufReader;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use crate::http_message::Message;

/// An endpoint where nothing listens.
pub fn absent() -> String {
    url(&listener())
}

/// Takes connections and requests and never answers.
pub fn silent() -> String {
    serve(|stream| {
        let mut requests = BufReader::new(stream);
        while let Ok(Some(_)) = Message::read(&mut requests, true) {}
    })
}

/// Gives each connection to `answer`, on a thread of its own, until the process ends; the URL it listens on.
pub fn serve(answer: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = listener();
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

fn listener() -> TcpListener {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, 0)) {
        Ok(listener) => listener,
        Err(error) => panic!("no port of 127.0.0.1 can be had: {error}"),
    }
}

fn url(listener: &TcpListener) -> String {
    match listener.local_addr() {
        Ok(address) => format!("http://{address}"),
        Err(error) => panic!("a listener without an address: {error}"),
    }
}
