//! DynamoDB answers what it never would: before or after it did what it was asked.

use std::sync::{Mutex, PoisonError};

use flate2::Crc;
use test_servers::DynamoDbLocal;
use test_servers::dynamodb_double::{Proxy, Treatment, refusal};
use test_servers::http_message::Message;

use crate::context::Context;
use crate::failure::Failure;
use crate::report::Figures;
use crate::trial::{Expected, Trial, service};

/// Of a hundred requests, as many are answered with garbage.
const PERCENT: u32 = 40;

const HTML: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 36\r\n\r\n<html><h1>Captive portal</h1></html>";

/// Ways to spoil an answer of DynamoDB.
const SPOILS: [fn(&Message) -> Vec<u8>; 4] = [half_json, changed_bytes, half_answer, nothing];

pub(super) fn run(context: &Context) -> Result<Figures, Failure> {
    let dynamodb = DynamoDbLocal::start()?;
    let double = Proxy::before(dynamodb.port());
    let service = service().dynamodb(&double.endpoint).start()?;
    let expected = Expected::failing(context.seconds);
    let mut trial = Trial::begin(context, &service, None, expected)?;
    trial.fault(|_| {
        let random = Mutex::new(context.random(0));
        double.treat(move |_| treatment(&mut random.lock().unwrap_or_else(PoisonError::into_inner)));
        context.wait(context.seconds)?;
        double.pass();
        Ok(())
    })?;
    Ok(trial.finish()?.0)
}

fn treatment(random: &mut fastrand::Rng) -> Treatment {
    if random.u32(0..100) >= PERCENT {
        return Treatment::Pass;
    }
    match random.usize(0..SPOILS.len() + 3) {
        0 => Treatment::AnswerInstead(HTML.to_vec()),
        1 => Treatment::AnswerInstead(refusal("500 Internal Server Error", "InternalServerError")),
        2 => Treatment::AnswerInstead(refusal("503 Service Unavailable", "Nonsense")),
        other => Treatment::Spoil(SPOILS[other - 3]),
    }
}

/// Complete by HTTP, not by JSON.
fn half_json(answer: &Message) -> Vec<u8> {
    let body = &answer.body[..answer.body.len() / 2];
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\n";
    [format!("{head}content-length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

/// Every digit is another one: still JSON, but no longer what `x-amz-crc32` was counted over. DynamoDB sends it with
/// refusals too, DynamoDB Local does not.
fn changed_bytes(answer: &Message) -> Vec<u8> {
    let checksum = match answer.header("x-amz-crc32") {
        Some(_) => String::new(),
        None => {
            let mut sum = Crc::new();
            sum.update(&answer.body);
            format!("x-amz-crc32: {}\r\n", sum.sum())
        }
    };
    let mut body = answer.body.clone();
    for byte in body.iter_mut().filter(|byte| byte.is_ascii_digit()) {
        *byte = b'0' + b'9' - *byte;
    }
    [answer.head.as_bytes(), checksum.as_bytes(), b"\r\n", &body].concat()
}

/// Ends in the middle.
fn half_answer(answer: &Message) -> Vec<u8> {
    let bytes = answer.to_bytes();
    bytes[..bytes.len() * 2 / 3].to_vec()
}

/// Ends before it begins.
fn nothing(_: &Message) -> Vec<u8> {
    Vec::new()
}
