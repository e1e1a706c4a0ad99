//! `axum-peer ADDRESS axum|hyper`: the service's item routes without what they are for. What it takes for a request is
//! the least that axum, or hyper alone, can take.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZero;
use std::process::ExitCode;
use std::thread;

use axum::Router;
use axum::extract::{Json, Path};
use axum::routing::get;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde::{Deserialize, Serialize};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [address, framework] = &arguments[..] else {
        eprintln!("usage: axum-peer ADDRESS axum|hyper");
        return ExitCode::from(2);
    };
    let outcome = match (address.parse(), framework.as_str()) {
        (Ok(address), "axum") => serve(address, true),
        (Ok(address), "hyper") => serve(address, false),
        _ => {
            eprintln!("{address} is no address, or {framework} neither axum nor hyper");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot serve on {address}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// As the service does it: a thread with a runtime of its own for each core.
fn serve(address: SocketAddr, with_axum: bool) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let threads = (0..thread::available_parallelism().map_or(1, NonZero::get))
        .map(|_| {
            let listener = listener.try_clone()?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            Ok(thread::spawn(move || runtime.block_on(accept(listener, with_axum))))
        })
        .collect::<io::Result<Vec<_>>>()?;
    threads.into_iter().try_for_each(|thread| {
        thread
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("a thread panicked")))
    })
}

async fn accept(listener: TcpListener, with_axum: bool) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let routes = Router::new()
        .route("/", get(|| async { "ok" }))
        .route("/items/{id}", get(read).put(update));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (stream, routes) = (TokioIo::new(stream), routes.clone());
        tokio::spawn(async move {
            // A client that leaves early is no concern of a measurement.
            let _ = if with_axum {
                let service = TowerToHyperService::new(routes);
                http1::Builder::new().serve_connection(stream, service).await
            } else {
                http1::Builder::new()
                    .serve_connection(stream, service_fn(constant))
                    .await
            };
        });
    }
}

#[derive(Serialize)]
struct Item {
    id: String,
    name: &'static str,
}

#[derive(Deserialize)]
struct Update {
    name: String,
}

#[derive(Serialize)]
struct Done {
    message: &'static str,
}

const DONE: Done = Done {
    message: "Item updated successfully",
};

async fn read(Path(id): Path<String>) -> Json<Item> {
    Json(Item { id, name: "First" })
}

async fn update(Path(_): Path<String>, Json(update): Json<Update>) -> Json<Done> {
    drop(update.name);
    Json(DONE)
}

async fn constant(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let body: &[u8] = if request.method() == Method::PUT {
        request.into_body().collect().await?;
        br#"{"message":"Item updated successfully"}"#
    } else {
        br#"{"id":"1","name":"First"}"#
    };
    let mut response = Response::new(Full::new(Bytes::from_static(body)));
    response.headers_mut().insert(
        CONTENT_TYPE,
        hyper::header::HeaderValue::from_static("application/json"),
    );
    Ok(response)
}
