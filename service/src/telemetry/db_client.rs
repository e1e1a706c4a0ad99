//! Calls to DynamoDB as traces and metrics see them.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::RequestId;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;
use opentelemetry::trace::{SpanContext, SpanId, TraceState};

use super::metrics::{self, DYNAMODB};
use super::otlp_span::{Kind, Value};
use super::series::{Description, SeriesRecorder};
use super::spans::{
    AWS_REQUEST_ID, DB_COLLECTION_NAME, DB_OPERATION_NAME, DB_RESPONSE_STATUS_CODE, DB_SYSTEM_NAME, ERROR_TYPE,
};
use super::tracer::{ActiveSpan, Tracer};

/// What DynamoDB answers when the condition of a write does not hold.
pub const CONDITION_FAILED: &str = "ConditionalCheckFailedException";

/// Operations of DynamoDB that the service calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "DynamoDB's own names")]
pub enum Operation {
    GetItem,
    PutItem,
    DeleteItem,
    Scan,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 4] = [Self::GetItem, Self::PutItem, Self::DeleteItem, Self::Scan];

    /// `db.operation.name`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GetItem => "GetItem",
            Self::PutItem => "PutItem",
            Self::DeleteItem => "DeleteItem",
            Self::Scan => "Scan",
        }
    }

    /// Name of the span.
    pub const fn span_name(self) -> &'static str {
        match self {
            Self::GetItem => "DynamoDB.GetItem",
            Self::PutItem => "DynamoDB.PutItem",
            Self::DeleteItem => "DynamoDB.DeleteItem",
            Self::Scan => "DynamoDB.Scan",
        }
    }
}

/// Instruments of the calls to one table.
#[derive(Debug)]
pub(crate) struct DbClient {
    calls: SeriesRecorder<(Operation, Outcome)>,
    table: Arc<str>,
}

impl DbClient {
    pub(super) fn new(meter: &Meter, tracer: Option<Tracer>, table: &str) -> Self {
        Self {
            calls: SeriesRecorder::new(
                tracer,
                Kind::Client,
                metrics::histogram(
                    meter,
                    metrics::DB_CLIENT_OPERATION_DURATION,
                    &metrics::DB_CLIENT_BOUNDARIES,
                ),
            ),
            table: table.into(),
        }
    }

    /// Waits for a call that `parent` makes, and records it; also when it is given up.
    pub(crate) async fn observe<O, E>(
        &self,
        operation: Operation,
        parent: Option<SpanContext>,
        call: impl Future<Output = Result<O, SdkError<E>>>,
    ) -> Result<O, SdkError<E>>
    where
        O: RequestId,
        E: ProvideErrorMetadata + RequestId,
    {
        let mut active = ActiveCall {
            span: self
                .calls
                .tracer()
                .and(parent)
                .filter(SpanContext::is_sampled)
                .map(begin_span),
            client: self,
            operation,
            started: Instant::now(),
            outcome: Outcome::Error("cancelled".into()),
        };
        let result = call.await;
        active.outcome = Outcome::of(&result);
        if let Some(span) = active.span.as_mut() {
            let request_id = match &result {
                Ok(output) => output.request_id(),
                Err(error) => error.request_id(),
            };
            span.set(request_id.map(|id| (AWS_REQUEST_ID, Value::Text(id))));
        }
        result
    }
}

fn begin_span(parent: SpanContext) -> ActiveSpan {
    let context = SpanContext::new(
        parent.trace_id(),
        SpanId::from(fastrand::u64(1..)),
        parent.trace_flags(),
        false,
        TraceState::NONE,
    );
    ActiveSpan::begin(context, Some(parent))
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Ok,
    /// DynamoDB answered that the condition does not hold: what the service asked.
    ConditionFailed,
    /// Its `error.type`: DynamoDB's error code, or what kept it from answering.
    Error(Cow<'static, str>),
}

impl Outcome {
    fn of<O, E: ProvideErrorMetadata>(result: &Result<O, SdkError<E>>) -> Self {
        let error = match result {
            Ok(_) => return Self::Ok,
            Err(error) => error,
        };
        match error {
            SdkError::ServiceError(answer) => match answer.err().code() {
                Some(CONDITION_FAILED) => Self::ConditionFailed,
                Some(code) => Self::Error(code.to_owned().into()),
                None => Self::Error(answer.raw().status().as_u16().to_string().into()),
            },
            SdkError::TimeoutError(_) => Self::Error("timeout".into()),
            SdkError::DispatchFailure(_) => Self::Error("connection".into()),
            SdkError::ResponseError(_) => Self::Error("malformed_answer".into()),
            _ => Self::Error("request".into()),
        }
    }
}

/// A call that is under way; recorded when dropped.
struct ActiveCall<'a> {
    client: &'a DbClient,
    span: Option<ActiveSpan>,
    operation: Operation,
    started: Instant,
    outcome: Outcome,
}

impl Drop for ActiveCall<'_> {
    fn drop(&mut self) {
        self.client.calls.record(
            self.started.elapsed(),
            self.span.take(),
            |(operation, outcome)| *operation == self.operation && *outcome == self.outcome,
            || self.described(),
        );
    }
}

impl ActiveCall<'_> {
    fn described(&self) -> Description<(Operation, Outcome)> {
        let outcome = match &self.outcome {
            Outcome::Ok => None,
            Outcome::ConditionFailed => Some(KeyValue::new(DB_RESPONSE_STATUS_CODE, CONDITION_FAILED)),
            Outcome::Error(kind) => Some(KeyValue::new(ERROR_TYPE, kind.clone().into_owned())),
        };
        let mut attributes = vec![
            KeyValue::new(DB_SYSTEM_NAME, DYNAMODB),
            KeyValue::new(DB_OPERATION_NAME, self.operation.name()),
            KeyValue::new(DB_COLLECTION_NAME, Arc::clone(&self.client.table)),
        ];
        attributes.extend(outcome);
        Description {
            key: (self.operation, self.outcome.clone()),
            span_name: self.operation.span_name().to_owned(),
            attributes,
            is_error: matches!(self.outcome, Outcome::Error(_)),
        }
    }
}
