//! Many requests on a connection before the first answer is read: all are answered, in order.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::side_by_side;
use crate::connection::{Connection, request};
use crate::context::Context;
use crate::failure::Failure;
use crate::report::Figures;
use crate::trial::{Expected, Trial, service};

const CLIENTS: u64 = 3;
/// Items that go through a life in one batch of requests.
const ITEMS_OF_A_BATCH: usize = 8;

/// A request, the status it must have, and the item it must give, if any.
struct Step {
    method: &'static str,
    path: String,
    body: String,
    status: u16,
    item: Option<Value>,
}

pub(super) fn run(context: &Context) -> Result<Figures, Failure> {
    let service = service().start()?;
    let expected = Expected::undisturbed(context.seconds);
    let mut trial = Trial::begin(context, &service, None, expected)?;
    let mut answers = 0;
    trial.fault(|_| {
        let end = Instant::now() + context.seconds;
        let client = |number| send_batches(context, service.address(), number, end);
        answers = side_by_side(CLIENTS, client)?.into_iter().sum::<usize>();
        Ok(())
    })?;
    let (mut figures, _) = trial.finish()?;
    figures.remark = format!("{answers} pipelined requests were answered in order");
    Ok(figures)
}

fn send_batches(context: &Context, address: SocketAddr, client: u64, end: Instant) -> Result<usize, Failure> {
    let mut random = context.random(200 + client);
    let mut connection = Connection::open(address).map_err(Failure::system("a client that pipelines"))?;
    let mut answers = 0;
    for batch in 0.. {
        if Instant::now() > end {
            break;
        }
        let steps = (0..ITEMS_OF_A_BATCH).flat_map(|item| life(&format!("pipeline-{client}-{batch}-{item}")));
        let steps: Vec<(Step, String)> = steps.map(|step| (step, format!("{:032x}", random.u128(1..)))).collect();
        let bytes: Vec<u8> = steps
            .iter()
            .flat_map(|(step, trace_id)| request(step.method, &step.path, &step.body, trace_id))
            .collect();
        connection
            .write(&bytes)
            .map_err(Failure::system("a client that pipelines"))?;
        for (step, trace_id) in &steps {
            let sent = format!("{} {} in a pipeline", step.method, step.path);
            let answer = connection
                .read()
                .map_err(Failure::system(format!("no answer to {sent}")))?;
            if let Some(fault) = answer.fault(trace_id, &[200, 201, 404]) {
                return Err(Failure::broken(format!("{sent}: {fault} in {}", answer.text())));
            }
            let is_right = answer.status == step.status && step.item.as_ref().is_none_or(|item| *item == answer.json());
            if !is_right {
                return Err(Failure::broken(format!("{sent} was answered {}", answer.text())));
            }
            answers += 1;
        }
        context.wait(Duration::from_millis(20))?;
    }
    Ok(answers)
}

/// Made, read, changed, read, removed, missed.
fn life(id: &str) -> [Step; 6] {
    let path = format!("/items/{id}");
    let (first, second) = (
        json!({ "id": id, "name": "first" }),
        json!({ "id": id, "name": "second" }),
    );
    let step = |method, body: &Value, status, item: Option<&Value>| Step {
        method,
        path: if method == "POST" {
            "/items".to_owned()
        } else {
            path.clone()
        },
        body: if body.is_null() {
            String::new()
        } else {
            body.to_string()
        },
        status,
        item: item.cloned(),
    };
    [
        step("POST", &first, 201, None),
        step("GET", &Value::Null, 200, Some(&first)),
        step("PUT", &second, 200, None),
        step("GET", &Value::Null, 200, Some(&second)),
        step("DELETE", &Value::Null, 200, None),
        step("GET", &Value::Null, 404, None),
    ]
}
