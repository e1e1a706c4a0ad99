//! What an ECS task learns about itself from the task metadata endpoint, version 4.

use std::time::Duration;

use http::{Request, Uri};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use opentelemetry::KeyValue;
pub use opentelemetry_semantic_conventions::attribute::{
    AWS_ECS_CLUSTER_ARN, AWS_ECS_LAUNCHTYPE, AWS_ECS_TASK_ARN, AWS_ECS_TASK_FAMILY, AWS_ECS_TASK_ID,
    AWS_ECS_TASK_REVISION, CLOUD_ACCOUNT_ID, CLOUD_AVAILABILITY_ZONE, CLOUD_PLATFORM, CLOUD_PROVIDER, CLOUD_REGION,
};
use serde::Deserialize;

/// The endpoint is on the task's own host; a start must not wait for it any longer.
const TIMEOUT: Duration = Duration::from_secs(1);
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// Why the task's attributes are not known.
#[derive(Debug, thiserror::Error)]
pub(super) enum MetadataError {
    #[error("the task metadata endpoint did not answer within {} s", TIMEOUT.as_secs())]
    TimedOut,
    #[error("the task metadata endpoint did not answer: {0}")]
    Unreachable(Box<dyn std::error::Error + Send + Sync>),
    #[error("the task metadata endpoint answered something else: {0}")]
    Malformed(#[from] serde_json::Error),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Task {
    /// ARN or, on EC2, the short name.
    cluster: String,
    #[serde(rename = "TaskARN")]
    task_arn: String,
    family: Option<String>,
    revision: Option<String>,
    availability_zone: Option<String>,
    launch_type: Option<String>,
}

/// Asks `endpoint`, as the variable gives it, for the task.
pub(super) async fn task_attributes(endpoint: &Uri) -> Result<Vec<KeyValue>, MetadataError> {
    let url = format!("{}/task", endpoint.to_string().trim_end_matches('/'));
    let answer = tokio::time::timeout(TIMEOUT, ask(&url))
        .await
        .map_err(|_| MetadataError::TimedOut)?
        .map_err(MetadataError::Unreachable)?;
    Ok(attributes(serde_json::from_slice(&answer)?))
}

async fn ask(url: &str) -> Result<bytes::Bytes, Box<dyn std::error::Error + Send + Sync>> {
    let request = Request::get(url).body(Empty::<bytes::Bytes>::new())?;
    let answer = Client::builder(TokioExecutor::new())
        .build_http()
        .request(request)
        .await?;
    let status = answer.status();
    if !status.is_success() {
        return Err(format!("status {status}").into());
    }
    Ok(Limited::new(answer.into_body(), MAX_ANSWER_BYTES)
        .collect()
        .await?
        .to_bytes())
}

fn attributes(task: Task) -> Vec<KeyValue> {
    // arn:aws:ecs:eu-central-1:123456789012:task/cluster/0123456789abcdef
    let (service_arn, resource) = task.task_arn.rsplit_once(':').unwrap_or_default();
    let mut parts = service_arn.split(':').skip(3);
    let (region, account) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let task_id = resource.rsplit('/').next().unwrap_or_default();
    let cluster = if task.cluster.starts_with("arn:") {
        task.cluster
    } else {
        format!("{service_arn}:cluster/{}", task.cluster)
    };
    let known = [
        (CLOUD_PROVIDER, Some("aws".to_owned())),
        (CLOUD_PLATFORM, Some("aws_ecs".to_owned())),
        (CLOUD_REGION, Some(region.to_owned())),
        (CLOUD_ACCOUNT_ID, Some(account.to_owned())),
        (CLOUD_AVAILABILITY_ZONE, task.availability_zone),
        (AWS_ECS_CLUSTER_ARN, Some(cluster)),
        (AWS_ECS_TASK_ID, Some(task_id.to_owned())),
        (AWS_ECS_TASK_ARN, Some(task.task_arn.clone())),
        (AWS_ECS_TASK_FAMILY, task.family),
        (AWS_ECS_TASK_REVISION, task.revision),
        (
            AWS_ECS_LAUNCHTYPE,
            task.launch_type.map(|kind| kind.to_ascii_lowercase()),
        ),
    ];
    known
        .into_iter()
        .filter_map(|(name, value)| Some(KeyValue::new(name, value.filter(|value| !value.is_empty())?)))
        .collect()
}
