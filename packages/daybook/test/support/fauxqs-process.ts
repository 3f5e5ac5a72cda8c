/**
 * The process that `fauxqs.ts` starts: runs the emulator on a loopback address and ends with its parent.
 * Arguments: the folder of its data, or '' to keep none; the port, 0 for a free one.
 */
import { Server } from 'node:net';

import { startFauxqs } from 'fauxqs';

// It offers no choice of address and would listen on all of them.
const listen = Server.prototype.listen as (this: Server, options: object, ...rest: unknown[]) => Server;
Server.prototype.listen = function listenOnLoopback(
  this: Server,
  options: object,
  ...rest: unknown[]
): Server {
  return listen.call(this, { ...options, host: '127.0.0.1' }, ...rest);
} as Server['listen'];

interface Persistence {
  readonly db: { exec(sql: string): void };
  prepareStatements(): unknown;
  updateMessageInflight(id: string, handle: null, deadline: null, count: number, first: null): void;
  updateMessageReady(id: string): void;
}
const inside = new URL('persistence.js', import.meta.resolve('fauxqs')).href;
const { PersistenceManager } = (await import(inside)) as { PersistenceManager: { prototype: Persistence } };
const { prototype } = PersistenceManager;
// It loses a message whose visibility is set to 0: it writes NULL as the count of receives, which may not be NULL.
prototype.updateMessageReady = function updateMessageReady(id) {
  this.updateMessageInflight(id, null, null, 0, null);
};
// Its process is killed, the machine is not: what was written stays without a sync.
const prepare = prototype.prepareStatements;
prototype.prepareStatements = function prepareStatements() {
  this.db.exec('PRAGMA synchronous = OFF');
  return prepare.call(this);
};

const [dataDir = '', port = '0'] = process.argv.slice(2);
const server = await startFauxqs({
  port: Number(port),
  logger: false,
  ...(dataDir === '' ? {} : { dataDir }),
});
// The parent holds the other end: it closes with the parent, however that ends.
process.stdin.on('end', () => process.exit(0)).resume();
process.stdout.write(`${server.port}\n`);
