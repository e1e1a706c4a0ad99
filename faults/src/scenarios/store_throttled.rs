//! DynamoDB throttles: at first most requests, then all of them.

use std::sync::{Mutex, PoisonError};

use test_servers::DynamoDbLocal;
use test_servers::dynamodb_double::{Proxy, Treatment, refusal};

use crate::context::Context;
use crate::failure::Failure;
use crate::report::Figures;
use crate::trial::{Expected, Trial, service};

const CODES: [&str; 3] = [
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
];

pub(super) fn run(context: &Context) -> Result<Figures, Failure> {
    let dynamodb = DynamoDbLocal::start()?;
    let double = Proxy::before(dynamodb.port());
    let service = service().dynamodb(&double.endpoint).start()?;
    let expected = Expected::failing(context.seconds);
    let mut trial = Trial::begin(context, &service, None, expected)?;
    trial.fault(|_| {
        for (part, percent) in [(0, 70), (1, 100)] {
            let random = Mutex::new(context.random(part));
            double.treat(move |_| {
                let mut random = random.lock().unwrap_or_else(PoisonError::into_inner);
                if random.u32(0..100) < percent {
                    let code = CODES[random.usize(0..CODES.len())];
                    Treatment::AnswerInstead(refusal("400 Bad Request", code))
                } else {
                    Treatment::Pass
                }
            });
            context.wait(context.seconds / 2)?;
        }
        double.pass();
        Ok(())
    })?;
    Ok(trial.finish()?.0)
}
