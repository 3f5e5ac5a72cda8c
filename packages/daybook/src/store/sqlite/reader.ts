/**
 * The reader thread: one read-only connection. The thread that speaks HTTP never waits for the disk.
 */
import { openReader } from '../../sqlite/connection.ts';
import { createQueries } from './queries.ts';
import { serveThread } from '../../sqlite/thread-server.ts';

/** Runs in a thread of its own, after the writer has opened the file. */
export function serve({ path }: { readonly path: string }): void {
  const db = openReader(path);
  serveThread(undefined, { ...createQueries(db), close: () => db.close() });
}
