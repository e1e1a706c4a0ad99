//! DynamoDB does what it is asked at once and says so late.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use test_servers::DynamoDbLocal;
use test_servers::dynamodb_double::{Proxy, Treatment};

use crate::context::Context;
use crate::failure::Failure;
use crate::report::Figures;
use crate::trial::{Expected, Trial, service};

/// Of a hundred answers, as many come later than an attempt of the SDK waits.
const TOO_LATE_PERCENT: u32 = 15;

pub(super) fn run(context: &Context) -> Result<Figures, Failure> {
    let dynamodb = DynamoDbLocal::start()?;
    let double = Proxy::before(dynamodb.port());
    let service = service().dynamodb(&double.endpoint).start()?;
    let expected = Expected::failing(context.seconds);
    let mut trial = Trial::begin(context, &service, None, expected)?;
    trial.fault(|_| {
        let random = Mutex::new(context.random(0));
        double.treat(move |_| {
            let mut random = random.lock().unwrap_or_else(PoisonError::into_inner);
            let late = random.u32(0..100) < TOO_LATE_PERCENT;
            let millis = if late { 2600..4500 } else { 50..400 };
            Treatment::AnswerLate(Duration::from_millis(random.u64(millis)))
        });
        context.wait(context.seconds)?;
        double.pass();
        Ok(())
    })?;
    Ok(trial.finish()?.0)
}
