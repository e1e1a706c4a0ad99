//! DynamoDB takes connections and requests, and never answers.

use std::time::Duration;

use test_servers::DynamoDbLocal;
use test_servers::dynamodb_double::{Proxy, Treatment};

use crate::context::Context;
use crate::failure::Failure;
use crate::report::Figures;
use crate::trial::{Expected, Trial, service};

/// Longer than a request may take.
const AT_LEAST: Duration = Duration::from_secs(6);

pub(super) fn run(context: &Context) -> Result<Figures, Failure> {
    let dynamodb = DynamoDbLocal::start()?;
    let double = Proxy::before(dynamodb.port());
    let service = service().dynamodb(&double.endpoint).start()?;
    let time = context.seconds.max(AT_LEAST);
    let expected = Expected::failing(time);
    let mut trial = Trial::begin(context, &service, None, expected)?;
    trial.fault(|_| {
        double.treat(|_| Treatment::Swallow);
        context.wait(time)?;
        double.pass();
        Ok(())
    })?;
    Ok(trial.finish()?.0)
}
