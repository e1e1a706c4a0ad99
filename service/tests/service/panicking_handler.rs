//! A handler that panics: no route of the service does, so a route made for it stands behind the same dispatch.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use service::http::dispatch::{Dispatch, Limits};
use service::http::health::Draining;

use crate::answer::Answer;

async fn answer(dispatch: &Dispatch, path: &str) -> Answer {
    let request = Request::get(path).body(Empty::<bytes::Bytes>::new()).unwrap();
    let (head, body) = dispatch.clone().answer(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        body: body.into(),
    }
}

#[test]
fn a_panic_is_a_polite_500_and_gives_its_place_back() {
    async fn panics() {
        panic!("as this test wants");
    }
    let router = Router::new()
        .route("/items/panic", get(panics))
        .route("/items/well", get("well"));
    let limits = Limits::new(1, Duration::from_secs(60));
    let dispatch = Dispatch::new(router, limits, Draining::default());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        for _ in 0..3 {
            let answer = answer(&dispatch, "/items/panic").await;
            answer.refusal(500);
            assert!(!answer.header("x-request-id").is_empty());
        }
        assert_eq!(answer(&dispatch, "/items/well").await.status, 200);
    });
}
