//! The table itself: checked, and created where asked, before the first request is served.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableStatus,
};

use super::{ID, ItemStore, StoreError, failure};

/// How long DynamoDB may take to make a table; it usually takes ten seconds.
const CREATE_TIMEOUT: Duration = Duration::from_secs(120);
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// How DynamoDB, and how DynamoDB Local, answers to a read by a key that the table does not have.
const WRONG_KEY_MESSAGES: [&str; 2] = ["does not match the schema", "required keys was not given a value"];

/// Why the service cannot work with the table.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum TableError {
    #[error(
        "--table / TABLE_NAME: there is no table {0:?} here; create it, start with --create-table, or name another"
    )]
    Missing(String),
    #[error("--table / TABLE_NAME: {0:?} has another key; allowed: a table whose only key is the string 'id'")]
    WrongKey(String),
    #[error("--table / TABLE_NAME: {table:?} cannot be used: {cause}")]
    Refused { table: String, cause: String },
    #[error("--create-table / CREATE_TABLE: {table:?} could not be created: {cause}")]
    NotCreated { table: String, cause: String },
}

/// Makes sure that the table can be used. An unreachable DynamoDB is no error: the service starts, says so and is not
/// ready until it answers.
pub async fn check(client: &Client, table: &str, create: bool) -> Result<(), TableError> {
    let refused = |cause| TableError::Refused {
        table: table.to_owned(),
        cause,
    };
    match ItemStore::new(client.clone(), table, None).probe().await {
        Ok(()) => Ok(()),
        Err(StoreError::Rejected(cause)) if cause.contains("ResourceNotFoundException") => {
            if create {
                create_table(client, table).await
            } else {
                Err(TableError::Missing(table.to_owned()))
            }
        }
        Err(StoreError::Rejected(cause)) if WRONG_KEY_MESSAGES.iter().any(|message| cause.contains(message)) => {
            Err(TableError::WrongKey(table.to_owned()))
        }
        Err(StoreError::Rejected(cause)) => Err(refused(cause)),
        Err(error) if create => Err(TableError::NotCreated {
            table: table.to_owned(),
            cause: error.to_string(),
        }),
        Err(error) => {
            tracing::warn!(%error, "the table does not answer; not ready until it does");
            Ok(())
        }
    }
}

async fn create_table(client: &Client, table: &str) -> Result<(), TableError> {
    let not_created = |cause: String| TableError::NotCreated {
        table: table.to_owned(),
        cause,
    };
    let attribute = AttributeDefinition::builder()
        .attribute_name(ID)
        .attribute_type(ScalarAttributeType::S);
    let key = KeySchemaElement::builder().attribute_name(ID).key_type(KeyType::Hash);
    let created = client
        .create_table()
        .table_name(table)
        .attribute_definitions(attribute.build().map_err(|error| not_created(error.to_string()))?)
        .key_schema(key.build().map_err(|error| not_created(error.to_string()))?)
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await;
    match created {
        Ok(_) => tracing::info!(table, "created the table"),
        // Another instance started at the same time.
        Err(error)
            if error
                .as_service_error()
                .is_some_and(CreateTableError::is_resource_in_use_exception) => {}
        Err(error) => return Err(not_created(failure(error).to_string())),
    }
    let becomes_active = async {
        loop {
            match client.describe_table().table_name(table).send().await.map_err(failure) {
                Ok(answer) if answer.table().and_then(|table| table.table_status()) == Some(&TableStatus::Active) => {
                    return Ok(());
                }
                // It may take a moment to be known everywhere.
                Err(StoreError::Rejected(cause)) if !cause.contains("ResourceNotFoundException") => {
                    return Err(not_created(cause));
                }
                _ => tokio::time::sleep(POLL_INTERVAL).await,
            }
        }
    };
    let timed_out = |_| not_created(format!("it was not active after {} s", CREATE_TIMEOUT.as_secs()));
    tokio::time::timeout(CREATE_TIMEOUT, becomes_active)
        .await
        .map_err(timed_out)?
}
