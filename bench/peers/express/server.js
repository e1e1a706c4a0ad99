// The service's item routes as a small Express application, to measure the service against.
// PORT, TABLE_NAME, AWS_SDK (v3 or v2), and the standard AWS variables set it up.
const express = require('express');
const store = require(process.env.AWS_SDK === 'v2' ? './store-v2' : './store-v3');

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.use(express.json());

const asyncRoute = (handler) => (req, res, next) => handler(req, res).catch(next);
const isString = (value) => typeof value === 'string' && value.length > 0;

app.get('/items/:id', asyncRoute(async (req, res) => {
  const item = await store.get(req.params.id);
  if (!item) return res.status(404).json({ error: 'Item not found' });
  res.json({ id: item.id, name: item.name });
}));

app.put('/items/:id', asyncRoute(async (req, res) => {
  if (!isString(req.body.name)) return res.status(422).json({ error: 'name: must be a text' });
  await store.update(req.params.id, req.body.name);
  res.json({ message: 'Item updated successfully' });
}));

app.post('/items', asyncRoute(async (req, res) => {
  const { id, name } = req.body;
  if (!isString(id) || !isString(name)) return res.status(422).json({ error: 'id, name: must be texts' });
  await store.create({ id, name });
  res.status(201).location(`/items/${encodeURIComponent(id)}`).json({ message: 'Item created successfully' });
}));

app.delete('/items/:id', asyncRoute(async (req, res) => {
  await store.remove(req.params.id);
  res.json({ message: 'Item deleted successfully' });
}));

app.use((req, res) => res.status(404).json({ error: 'No such route' }));

app.use((error, req, res, next) => {
  if (error.name === 'ConditionalCheckFailedException') {
    return req.method === 'POST'
      ? res.status(409).json({ error: 'Item already exists' })
      : res.status(404).json({ error: 'Item not found' });
  }
  if (error.type === 'entity.parse.failed') return res.status(400).json({ error: 'The body is not JSON' });
  console.error(error);
  res.status(500).json({ error: 'Internal error' });
});

app.listen(Number(process.env.PORT), '127.0.0.1');
