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

const [dataDir = '', port = '0'] = process.argv.slice(2);
const server = await startFauxqs({
  port: Number(port),
  logger: false,
  ...(dataDir === '' ? {} : { dataDir }),
});
// The parent holds the other end: it closes with the parent, however that ends.
process.stdin.on('end', () => process.exit(0)).resume();
process.stdout.write(`${server.port}\n`);
