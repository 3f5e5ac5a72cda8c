/**
 * The reader thread: one read-only connection. The thread that speaks HTTP never waits for the disk.
 */
import { workerData } from 'node:worker_threads';

import { openReader } from './connection.ts';
import { createQueries } from './queries.ts';
import { serveThread } from './thread-server.ts';

const { path } = workerData as { path: string };
const db = openReader(path);

serveThread(undefined, { ...createQueries(db), close: () => db.close() });
