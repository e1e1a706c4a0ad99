//! Who emits: the attributes that every metric and span of this process share.

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};
use opentelemetry_semantic_conventions::attribute::AWS_ECS_TASK_ID;
pub use opentelemetry_semantic_conventions::attribute::{
    DEPLOYMENT_ENVIRONMENT_NAME, SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_VERSION,
};

use super::ecs;
use super::settings::TelemetrySettings;

/// What the service knows of itself, its ECS task if it runs in one, and before all `OTEL_RESOURCE_ATTRIBUTES`, which
/// is where `deployment.environment.name` comes from.
pub(super) async fn resource(settings: &TelemetrySettings) -> Resource {
    let task = match &settings.ecs_metadata {
        Some(endpoint) => ecs::task_attributes(endpoint).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "telemetry goes without the attributes of the ECS task");
            Vec::new()
        }),
        None => Vec::new(),
    };
    let task_id = task.iter().find(|attribute| attribute.key.as_str() == AWS_ECS_TASK_ID);
    let instance_id = task_id.map_or_else(random_instance_id, |id| id.value.as_str().into_owned());
    let resource = Resource::builder_empty()
        .with_attributes([
            KeyValue::new(SERVICE_NAME, crate::SERVICE_NAME),
            KeyValue::new(SERVICE_VERSION, env!("CARGO_PKG_VERSION")),
            KeyValue::new(SERVICE_INSTANCE_ID, instance_id),
        ])
        .with_attributes(task)
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_detector(Box::new(EnvResourceDetector::new()));
    match &settings.service_name {
        Some(name) => resource.with_service_name(name.clone()).build(),
        None => resource.build(),
    }
}

/// A random UUID, as the semantic conventions ask for.
fn random_instance_id() -> String {
    const VERSION_4: u128 = 4 << 76;
    const VARIANT: u128 = 0b10 << 62;
    let bits = fastrand::u128(..) & !(0xf << 76) & !(0b11 << 62) | VERSION_4 | VARIANT;
    let hex = format!("{bits:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}
