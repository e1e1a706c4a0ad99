//! The service on its embedded store, killed under load: what it acknowledged is there when it starts again.

use std::time::{Duration, Instant};

use crate::context::Context;
use crate::failure::Failure;
use crate::report::Figures;
use crate::trial::{Expected, Trial, service};

pub(super) fn run(context: &Context) -> Result<Figures, Failure> {
    let mut service = service().start()?;
    let mut random = context.random(0);
    let expected = Expected::failing(context.seconds);
    let mut trial = Trial::begin(context, &service, None, expected)?;
    let mut killed = 0;
    trial.fault(|trial| {
        let end = Instant::now() + context.seconds;
        while Instant::now() < end {
            service.kill()?;
            killed += 1;
            service.restart()?;
            trial.follow(&service)?;
            context.wait(Duration::from_millis(random.u64(100..1500)))?;
        }
        service.kill()?;
        killed += 1;
        service.restart()?;
        trial.follow(&service)
    })?;
    let (mut figures, _) = trial.finish()?;
    figures.remark = format!("the service was killed {killed} times");
    Ok(figures)
}
