/**
 * The clients: each posts one entry after the other, as fast as it is answered. What a kill cuts off is repeated under
 * its idempotency key by every second client, until it is answered; the others have no key and leave it at that.
 */
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { CommandError } from '../failure.ts';
import { postJson } from './http-post.ts';
import type { Acknowledgement, Tally } from './tally.ts';

export interface Writers {
  /** Requests that were under way when the connection broke. */
  readonly cutOff: number;
  /** Of those, the ones that were repeated under their key and answered. */
  readonly repeated: number;
  /** Lets them write to this server. */
  resume(url: string): void;
  /** Makes them wait for the next server before they write on. */
  pause(): void;
  /** No new entries; resolves when all that will be repeated is answered. @throws {CommandError} */
  finish(): Promise<void>;
}

const REGISTER = 'app';
/** After an answer such as 503: the server is there and asks for patience. */
const PATIENCE_MS = 50;

export function startWriters(clients: number, run: string, tally: Tally): Writers {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const state = { stopping: false, cutOff: 0, repeated: 0 };
  let server = Promise.withResolvers<string>();

  async function write(client: number): Promise<void> {
    for (let n = 1; !state.stopping; n += 1) {
      const body = JSON.stringify({ client, n, note: 'put on record by the proof' });
      const key = client % 2 === 0 ? `${run}-${client}-${n}` : undefined;
      await deliver(body, key);
    }
  }

  async function deliver(body: string, key: string | undefined): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const url = await server.promise;
      if (state.stopping && attempt === 1) return;
      const answer = await postJson(`${url}/${REGISTER}`, agent, body, key).catch(() => undefined);
      if (answer?.status === 201) {
        tally.acknowledge(body, JSON.parse(answer.text) as Acknowledgement);
        if (attempt > 1) state.repeated += 1;
        return;
      }
      if (answer !== undefined && answer.status < 500 && answer.status !== 409) {
        throw new CommandError(`proof: expected 201, given ${answer.status}: ${answer.text.trim()}`);
      }
      if (answer === undefined) state.cutOff += 1;
      if (key === undefined) return;
      await sleep(PATIENCE_MS);
    }
  }

  const all = Promise.all(Array.from({ length: clients }, (_, index) => write(index + 1)));
  all.catch(() => undefined); // Told by finish().
  return {
    get cutOff() {
      return state.cutOff;
    },
    get repeated() {
      return state.repeated;
    },
    resume: (url) => server.resolve(url),
    pause() {
      server = Promise.withResolvers();
    },
    async finish() {
      state.stopping = true;
      try {
        await all;
      } finally {
        agent.destroy();
      }
    },
  };
}
