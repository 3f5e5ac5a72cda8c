/**
 * What a team writes in an afternoon: Fastify on `node:sqlite`, as durable as Daybook, one commit a request.
 *
 * WAL and `synchronous=FULL`, a prepared statement, default Fastify options without its logger. It ends when the
 * channel to the benchmark closes.
 */
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fastify from 'fastify';

const directory = process.argv[2];
if (directory === undefined) throw new Error('usage: fastify-server.ts <directory>');

const database = new DatabaseSync(join(directory, 'entries.db'));
database.exec(`
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE entries (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    received_at TEXT NOT NULL,
    payload TEXT NOT NULL
  ) STRICT;
`);
const insert = database.prepare('INSERT INTO entries (id, received_at, payload) VALUES (?, ?, ?)');

const app = fastify();
app.post('/app', (request, reply) => {
  const id = randomUUID();
  const receivedAt = new Date().toISOString();
  insert.run(id, receivedAt, JSON.stringify(request.body));
  void reply.code(201).header('location', `/app/${id}`);
  return reply.send({ id, register: 'app', receivedAt, status: 'stored' });
});

process.on('disconnect', () => process.exit(0));
await app.listen({ host: '127.0.0.1', port: 0 });
process.send?.({ port: (app.server.address() as AddressInfo).port });
