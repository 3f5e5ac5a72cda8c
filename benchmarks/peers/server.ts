/**
 * A server under test, as a scenario sees it.
 */
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Children } from '../command/children.ts';
import type { Target } from '../load/messages.ts';

export interface Server {
  readonly target: Target;
  readonly pid: number;
  readonly child: ChildProcess;
}

const BARE_SERVER = fileURLToPath(new URL('bare-server.ts', import.meta.url));
const FASTIFY_SERVER = fileURLToPath(new URL('fastify-server.ts', import.meta.url));
const START_TIMEOUT_MS = 30_000;

export function startBareServer(children: Children): Promise<Server> {
  return startPeer(children, [process.execPath, BARE_SERVER]);
}

/** Its database goes into `directory`, which must exist. */
export function startFastifyServer(children: Children, directory: string): Promise<Server> {
  return startPeer(children, [process.execPath, FASTIFY_SERVER, directory]);
}

async function startPeer(children: Children, command: readonly string[]): Promise<Server> {
  const child = children.start({ command, role: 'server', channel: true });
  const { port } = await whenStarted<{ port: number }>(child, (resolve) => {
    child.once('message', (message) => resolve(message as { port: number }));
  });
  return { target: { host: '127.0.0.1', port }, pid: child.pid ?? -1, child };
}

/** What `listen` resolves with. @throws when the process ends before that, or takes longer than 30 s. */
export async function whenStarted<Value>(
  child: ChildProcess,
  listen: (resolve: (value: Value) => void) => void,
): Promise<Value> {
  const { promise, resolve, reject } = Promise.withResolvers<Value>();
  const name = child.spawnargs.join(' ');
  const onExit = (code: number | null): void =>
    reject(new Error(`${name} ended with code ${code} at its start`));
  const timer = setTimeout(
    () => reject(new Error(`${name} did not listen within ${START_TIMEOUT_MS / 1000} s`)),
    START_TIMEOUT_MS,
  );
  child.once('exit', onExit);
  child.once('error', reject);
  listen(resolve);
  return promise.finally(() => {
    clearTimeout(timer);
    child.off('exit', onExit);
  });
}
