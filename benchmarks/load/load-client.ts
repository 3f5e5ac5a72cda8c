/**
 * The benchmark's handle of one load process.
 */
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Children } from '../command/children.ts';
import type { LoadCommand, LoadReply, LoadResults } from './messages.ts';

export interface LoadClient {
  readonly pid: number;
  /** Runs one command. @throws with the reason of the load process, or when it ends. */
  run<Kind extends keyof LoadResults>(
    command: LoadCommand & { readonly kind: Kind },
  ): Promise<LoadResults[Kind]>;
}

const LOAD_PROCESS = fileURLToPath(new URL('load-process.ts', import.meta.url));

export function startLoad(children: Children): LoadClient {
  const child = children.start({ command: [process.execPath, LOAD_PROCESS], role: 'load', channel: true });
  return {
    pid: child.pid ?? -1,
    run: async (command) => {
      const reply = await ask(child, command);
      if ('error' in reply) throw new Error(reply.error);
      return reply.result as LoadResults[typeof command.kind];
    },
  };
}

function ask(child: ChildProcess, command: LoadCommand): Promise<LoadReply> {
  const { promise, resolve, reject } = Promise.withResolvers<LoadReply>();
  const onExit = (): void => reject(new Error(`the load process ended during ${command.kind}`));
  child.once('exit', onExit);
  child.once('message', (reply: LoadReply) => {
    child.off('exit', onExit);
    resolve(reply);
  });
  child.send(command);
  return promise;
}
