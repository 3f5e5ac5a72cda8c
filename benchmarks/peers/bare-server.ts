/**
 * The wall: a bare `node:http` server that parses the same JSON body and answers 201 from memory.
 *
 * Nothing is stored, routed, validated or logged: no HTTP service on this runtime answers faster. It ends when the
 * channel to the benchmark closes.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** As long as the answer of Daybook to a single POST. */
const ANSWER = JSON.stringify({
  id: '019a9b3c-55d1-7c2f-9a41-6d2b8f3e7a10',
  register: 'app',
  receivedAt: '2026-11-21T07:55:43.368790Z',
  status: 'stored',
  durability: 'fsync',
  region: 'local',
  duplicate: false,
});
const ANSWER_HEADERS = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(ANSWER) };

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
    response.writeHead(typeof body === 'object' ? 201 : 400, ANSWER_HEADERS);
    response.end(ANSWER);
  });
});

process.on('disconnect', () => process.exit(0));
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
