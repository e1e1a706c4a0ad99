//! DynamoDB Local is killed under load, and started again on its data.

use std::time::{Duration, Instant};

use test_servers::DynamoDbLocal;

use crate::context::Context;
use crate::failure::Failure;
use crate::report::Figures;
use crate::trial::{Expected, Trial, service};

const AWAY: Duration = Duration::from_millis(700);

pub(super) fn run(context: &Context) -> Result<Figures, Failure> {
    let mut dynamodb = DynamoDbLocal::start_on_disk()?;
    let service = service().dynamodb(&dynamodb.endpoint()).start()?;
    let mut random = context.random(0);
    let expected = Expected::failing(context.seconds);
    let mut trial = Trial::begin(context, &service, None, expected)?;
    let mut killed = 0;
    trial.fault(|_| {
        let end = Instant::now() + context.seconds;
        loop {
            dynamodb.kill()?;
            killed += 1;
            context.wait(AWAY)?;
            dynamodb.restart()?;
            if Instant::now() > end {
                return Ok(());
            }
            context.wait(Duration::from_millis(random.u64(500..2000)))?;
        }
    })?;
    let (mut figures, _) = trial.finish()?;
    figures.remark = format!("DynamoDB Local was killed {killed} times");
    Ok(figures)
}
