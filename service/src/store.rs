//! Items in a DynamoDB table: the one path to storage, whichever server answers it.

mod connector;
pub mod dynamodb;
#[cfg(feature = "embedded")]
pub mod embedded;
mod sdk_overhead;
mod signing;
pub mod table;

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::RequestId;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use opentelemetry::metrics::Counter;

use crate::http::request_context;
use crate::item::Item;
use crate::telemetry::Instruments;
use crate::telemetry::db_client::Operation;

/// Partition key of the table.
const ID: &str = "id";
const NAME: &str = "name";
/// Random bytes stored by the create that made the item, so that a create whose answer was lost knows its own write.
const CREATE_TOKEN: &str = "create_token";

/// Read to find out whether the table answers; need not exist.
const PROBE_ID: &str = "\0";

type Attributes = HashMap<String, AttributeValue>;

/// The items of one table.
#[derive(Clone)]
pub struct ItemStore {
    client: Client,
    table: Arc<str>,
    telemetry: Option<Arc<Instruments>>,
}

/// Why an operation on the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is an item of this id.
    #[error("the item already exists")]
    AlreadyExists,
    /// There is no item of this id.
    #[error("there is no such item")]
    NotFound,
    /// DynamoDB refuses more requests for now.
    #[error("DynamoDB throttles")]
    Throttled,
    /// DynamoDB took too long; a write may or may not have happened.
    #[error("DynamoDB did not answer in time")]
    TimedOut,
    /// DynamoDB could not be reached or failed; worth trying again.
    #[error("DynamoDB did not answer: {0}")]
    Unavailable(String),
    /// DynamoDB refused the request for a reason that trying again does not mend.
    #[error("DynamoDB refused: {0}")]
    Rejected(String),
}

impl ItemStore {
    /// Items in `table`, reached through `client`; what is done with them is recorded where telemetry is on.
    pub(crate) fn new(client: Client, table: &str, telemetry: Option<Arc<Instruments>>) -> Self {
        Self {
            client,
            table: table.into(),
            telemetry,
        }
    }

    /// Every call to DynamoDB goes through here.
    async fn call<O, E>(
        &self,
        operation: Operation,
        call: impl Future<Output = Result<O, SdkError<E>>>,
    ) -> Result<O, SdkError<E>>
    where
        O: RequestId,
        E: ProvideErrorMetadata + RequestId,
    {
        // The SDK's futures have several kB, which each layer above would copy.
        let call = Box::pin(call);
        match &self.telemetry {
            Some(telemetry) => {
                let parent = request_context::current().map(|request| request.span().clone());
                telemetry.db_client.observe(operation, parent, call).await
            }
            None => call.await,
        }
    }

    fn count(&self, counter: impl FnOnce(&Instruments) -> &Counter<u64>) {
        if let Some(telemetry) = &self.telemetry {
            counter(telemetry).add(1, &[]);
        }
    }

    /// Stores a new item; never overwrites one.
    pub async fn create(&self, item: Item) -> Result<(), StoreError> {
        let token = AttributeValue::B(Blob::new(fastrand::u128(..).to_be_bytes()));
        let put = self
            .put(item)
            .item(CREATE_TOKEN, token.clone())
            .condition_expression("attribute_not_exists(id)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let created = match self.call(Operation::PutItem, put.send()).await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                // The SDK tries again when an answer is lost: the item in the way may be the one from the first try.
                Some(PutItemError::ConditionalCheckFailedException(failure))
                    if failure.item().and_then(|item| item.get(CREATE_TOKEN)) == Some(&token) =>
                {
                    Ok(())
                }
                Some(PutItemError::ConditionalCheckFailedException(_)) => Err(StoreError::AlreadyExists),
                _ => Err(failure(error)),
            },
        };
        created.inspect(|()| self.count(|telemetry| &telemetry.items_created))
    }

    /// Reads an item as it is after every write acknowledged before.
    pub async fn read(&self, id: String) -> Result<Item, StoreError> {
        self.get(id).await?.and_then(item).ok_or(StoreError::NotFound)
    }

    /// Replaces an item; never creates one.
    ///
    /// The whole item is put: DynamoDB does less for that than for an update expression.
    pub async fn update(&self, item: Item) -> Result<(), StoreError> {
        let put = self.put(item).condition_expression("attribute_exists(id)");
        match self.call(Operation::PutItem, put.send()).await {
            Ok(_) => {
                self.count(|telemetry| &telemetry.items_updated);
                Ok(())
            }
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Err(StoreError::NotFound),
                _ => Err(failure(error)),
            },
        }
    }

    /// Deletes an item.
    pub async fn delete(&self, id: String) -> Result<(), StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&*self.table)
            .key(ID, AttributeValue::S(id))
            .condition_expression("attribute_exists(id)");
        match self.call(Operation::DeleteItem, delete.send()).await {
            Ok(_) => {
                self.count(|telemetry| &telemetry.items_deleted);
                Ok(())
            }
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => Err(StoreError::NotFound),
                _ => Err(failure(error)),
            },
        }
    }

    /// Up to `limit` items in the table's own order, starting after the item of id `start_after`; with them the id
    /// after which the next page starts, `None` at the end of the table.
    pub async fn list(
        &self,
        limit: u16,
        start_after: Option<String>,
    ) -> Result<(Vec<Item>, Option<String>), StoreError> {
        let start_key = start_after.map(|id| Attributes::from([(ID.to_owned(), AttributeValue::S(id))]));
        let scan = self
            .client
            .scan()
            .table_name(&*self.table)
            .limit(limit.into())
            .consistent_read(true)
            .set_exclusive_start_key(start_key)
            .projection_expression("id, #name")
            .expression_attribute_names("#name", NAME);
        let page = self.call(Operation::Scan, scan.send()).await.map_err(failure)?;
        let last_id = page.last_evaluated_key.and_then(|mut key| string(&mut key, ID));
        let items = page.items.unwrap_or_default().into_iter().filter_map(item).collect();
        Ok((items, last_id))
    }

    /// Asks the table for an item that cannot exist.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.get(PROBE_ID.to_owned()).await.map(drop)
    }

    fn put(&self, item: Item) -> PutItemFluentBuilder {
        self.client
            .put_item()
            .table_name(&*self.table)
            .item(ID, AttributeValue::S(item.id))
            .item(NAME, AttributeValue::S(item.name))
    }

    async fn get(&self, id: String) -> Result<Option<Attributes>, StoreError> {
        let get = self
            .client
            .get_item()
            .table_name(&*self.table)
            .key(ID, AttributeValue::S(id))
            .consistent_read(true);
        Ok(self.call(Operation::GetItem, get.send()).await.map_err(failure)?.item)
    }
}

fn item(mut attributes: Attributes) -> Option<Item> {
    Some(Item {
        id: string(&mut attributes, ID)?,
        name: string(&mut attributes, NAME)?,
    })
}

fn string(attributes: &mut Attributes, name: &str) -> Option<String> {
    match attributes.remove(name) {
        Some(AttributeValue::S(text)) => Some(text),
        _ => None,
    }
}

/// Sorts failures by what a client can do about them.
fn failure<E>(error: SdkError<E>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match &error {
        SdkError::TimeoutError(_) => StoreError::TimedOut,
        SdkError::ServiceError(answer) => {
            let throttled = matches!(
                answer.err().code(),
                Some(
                    "ProvisionedThroughputExceededException"
                        | "RequestLimitExceeded"
                        | "ThrottlingException"
                        | "ThrottledException"
                        | "LimitExceededException"
                )
            );
            if throttled {
                StoreError::Throttled
            } else if answer.raw().status().is_client_error() {
                StoreError::Rejected(cause(&error))
            } else {
                // Among them answers of 200 that make no sense, which are another server's or were cut on the way.
                StoreError::Unavailable(cause(&error))
            }
        }
        SdkError::ConstructionFailure(_) => StoreError::Rejected(cause(&error)),
        _ => StoreError::Unavailable(cause(&error)),
    }
}

/// What DynamoDB said, or the chain of causes for which it said nothing; one line, for the operator.
fn cause<E>(error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    if let Some(code) = error.as_service_error().and_then(ProvideErrorMetadata::code) {
        return format!("{code}: {}", error.message().unwrap_or("no message"));
    }
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
