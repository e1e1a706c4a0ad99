// Items in DynamoDB through the AWS SDK v2, which has to be told the endpoint and to keep connections alive.
process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';
const https = require('https');
const http = require('http');
const DynamoDB = require('aws-sdk/clients/dynamodb');

const TableName = process.env.TABLE_NAME || 'items';
const endpoint = process.env.AWS_ENDPOINT_URL_DYNAMODB;
const { Agent } = endpoint && endpoint.startsWith('http:') ? http : https;
const client = new DynamoDB.DocumentClient({
  endpoint,
  httpOptions: { agent: new Agent({ keepAlive: true, maxSockets: 50 }) },
});

exports.get = async (id) => (await client.get({ TableName, Key: { id } }).promise()).Item;

exports.update = (id, name) => client.put({
  TableName,
  Item: { id, name },
  ConditionExpression: 'attribute_exists(id)',
}).promise();

exports.create = (Item) => client.put({
  TableName,
  Item,
  ConditionExpression: 'attribute_not_exists(id)',
}).promise();

exports.remove = (id) => client.delete({
  TableName,
  Key: { id },
  ConditionExpression: 'attribute_exists(id)',
}).promise();
