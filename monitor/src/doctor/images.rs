//! The images of the servers.

use std::sync::Arc;

use super::context::{Context, Depth};
use super::docker::unanswered;
use super::verdict::{Fault, Stop, Verdict};
use crate::docker;

pub(super) async fn check(context: Arc<Context>) -> Result<Verdict, Stop> {
    if context.depth() == Depth::Quick {
        return Err(Stop::skip("the check containers sees what runs"));
    }
    let configuration = context.compose().configuration(&[]).await.map_err(unanswered)?;
    let mut faults = Vec::new();
    for (name, service) in &configuration.services {
        let Some(image) = &service.image else { continue };
        if !docker::has_image(image).await.map_err(unanswered)? {
            faults.push(Fault::failed(
                format!("there is no image {image}, which {name} runs"),
                docker::how_to_get(image),
            ));
        }
    }
    Ok(Verdict::new(
        format!("{} images are here", configuration.services.len()),
        faults,
    ))
}
