// Items in DynamoDB through the AWS SDK v3, which keeps connections alive and reads the endpoint by itself.
const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const {
  DynamoDBDocumentClient, GetCommand, PutCommand, DeleteCommand,
} = require('@aws-sdk/lib-dynamodb');

const TableName = process.env.TABLE_NAME || 'items';
const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));

exports.get = async (id) => (await client.send(new GetCommand({ TableName, Key: { id } }))).Item;

exports.update = (id, name) => client.send(new PutCommand({
  TableName,
  Item: { id, name },
  ConditionExpression: 'attribute_exists(id)',
}));

exports.create = (Item) => client.send(new PutCommand({
  TableName,
  Item,
  ConditionExpression: 'attribute_not_exists(id)',
}));

exports.remove = (id) => client.send(new DeleteCommand({
  TableName,
  Key: { id },
  ConditionExpression: 'attribute_exists(id)',
}));
