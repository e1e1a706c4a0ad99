//! Whether Docker and its compose plugin answer.

use std::sync::Arc;

use super::context::Context;
use super::verdict::{Fault, Stop, Verdict};
use crate::compose::ComposeError;
use crate::docker;

pub(super) async fn check(_: Arc<Context>) -> Result<Verdict, Stop> {
    let (daemon, compose) = tokio::join!(docker::server_version(), docker::compose_version());
    match (daemon, compose) {
        (Ok(daemon), Ok(compose)) => Ok(Verdict::ok(format!("Docker {daemon}, compose {compose}"))),
        (Err(error), _) | (_, Err(error)) => Err(Fault::failed(
            error.to_string(),
            "without Docker nothing of this host runs; `monitor up` checks what it needs",
        )
        .into()),
    }
}

/// For checks of something else.
pub(super) fn unanswered(error: ComposeError) -> Stop {
    match error {
        ComposeError::NoDocker { .. } | ComposeError::NoCompose | ComposeError::NoDaemon { .. } => {
            Stop::skip("Docker cannot be asked; see the check docker")
        }
        ComposeError::Failed { .. } | ComposeError::Unreadable { .. } => Fault::failed(
            error.to_string(),
            "see whether compose.yaml and the settings are as they should be: `monitor up` says more",
        )
        .into(),
    }
}
