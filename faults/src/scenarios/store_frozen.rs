//! DynamoDB Local is frozen: what was sent meanwhile is in its sockets, and is done when it thaws.

use std::time::{Duration, Instant};

use test_servers::DynamoDbLocal;

use crate::context::Context;
use crate::failure::Failure;
use crate::report::Figures;
use crate::trial::{Expected, Trial, service};

pub(super) fn run(context: &Context) -> Result<Figures, Failure> {
    let dynamodb = DynamoDbLocal::start()?;
    let service = service().dynamodb(&dynamodb.endpoint()).start()?;
    let mut random = context.random(0);
    let expected = Expected::failing(context.seconds);
    let mut trial = Trial::begin(context, &service, None, expected)?;
    trial.fault(|_| {
        let end = Instant::now() + context.seconds;
        loop {
            dynamodb.pause()?;
            // From less than one attempt of the SDK to more than a request may take.
            let frozen = context.wait(Duration::from_millis(random.u64(300..5500)));
            dynamodb.resume()?;
            frozen?;
            if Instant::now() > end {
                return Ok(());
            }
            context.wait(Duration::from_millis(random.u64(300..1500)))?;
        }
    })?;
    Ok(trial.finish()?.0)
}
