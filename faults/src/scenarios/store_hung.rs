//! DynamoDB takes connections and requests, and never answers.

use test_servers::DynamoDbLocal;
use test_servers::dynamodb_double::{Proxy, Treatment};

use crate::context::Context;
use crate::failure::Failure;
use crate::report::Figures;
use crate::trial::{Expected, Trial, service};

pub(super) fn run(context: &Context) -> Result<Figures, Failure> {
    let dynamodb = DynamoDbLocal::start()?;
    let double = Proxy::before(dynamodb.port());
    let service = service().dynamodb(&double.endpoint).start()?;
    let expected = Expected {
        failures: true,
        slowest: None,
        fault: context.seconds,
    };
    let mut trial = Trial::begin(context, &service, None, expected)?;
    trial.fault(|_| {
        double.treat(|_| Treatment::Swallow);
        context.wait(context.seconds)?;
        double.pass();
        Ok(())
    })?;
    Ok(trial.finish()?.0)
}
