//! The spans this service emits: one for each request, one below it for each call to DynamoDB.

pub use opentelemetry_semantic_conventions::attribute::{
    AWS_REQUEST_ID, DB_COLLECTION_NAME, DB_OPERATION_NAME, DB_RESPONSE_STATUS_CODE, DB_SYSTEM_NAME, ERROR_TYPE,
    HTTP_REQUEST_METHOD, HTTP_RESPONSE_STATUS_CODE, HTTP_ROUTE, URL_PATH, URL_SCHEME, USER_AGENT_ORIGINAL,
};

/// Attribute of a request that a load run sent: the run's id, from the member of the same name in `baggage`.
pub const LOADGEN_RUN_ID: &str = "loadgen.run_id";

/// Attributes of a request's span, which is named by method and route: `PUT /items/{id}`. Its kind is server; its
/// status is error for 5xx alone.
pub const REQUEST_ATTRIBUTES: &[&str] = &[
    HTTP_REQUEST_METHOD,
    URL_SCHEME,
    URL_PATH,
    HTTP_ROUTE,
    HTTP_RESPONSE_STATUS_CODE,
    ERROR_TYPE,
    USER_AGENT_ORIGINAL,
    LOADGEN_RUN_ID,
];

/// Attributes of the span of a call to DynamoDB, which is named `DynamoDB.GetItem` and so on. Its kind is client; its
/// status is error when the call failed. A condition that did not hold (`db.response.status_code`) is an answer.
pub const DATABASE_CALL_ATTRIBUTES: &[&str] = &[
    DB_SYSTEM_NAME,
    DB_OPERATION_NAME,
    DB_COLLECTION_NAME,
    DB_RESPONSE_STATUS_CODE,
    ERROR_TYPE,
    AWS_REQUEST_ID,
];
