/**
 * A recorder with what a client has to know between two requests; what it asks for that is not recorded.
 */
import assert from 'node:assert/strict';

import { isId } from '../../src/id.ts';
import { eventually } from '../support/eventually.ts';
import type { Exchange, Recorder } from './recorder.ts';
import { createRecorder } from './recorder.ts';

export interface Talk extends Recorder {
  /** The id in the location of an answer. */
  idOf(answer: Exchange): string;
  /** Those of the lines of an answer to a batch that have one. */
  idsOf(answer: Exchange): string[];
  /** Resolves when the entry can be read, however it gets there. */
  stored(register: string, id: string): Promise<void>;
  /** Resolves when the register is settled through the entry, where that can be known. */
  settled(register: string, id: string): Promise<void>;
}

export function createTalk(address: string, settles: boolean): Talk {
  const read = async (path: string): Promise<Response> => fetch(address + path);

  return {
    ...createRecorder(address),
    idOf({ headers, title }) {
      const id = new Map(headers).get('location')?.split('/').at(-1) ?? '';
      assert.ok(isId(id), `${title}: expected a location`);
      return id;
    },
    idsOf: ({ body }) =>
      body
        .toString()
        .split('\n')
        .filter((line) => line !== '')
        .flatMap((line) => (JSON.parse(line) as { id?: string }).id ?? []),
    stored: (register, id) =>
      eventually(
        `${register}/${id} is stored`,
        async () => {
          const { status } = await read(`/${register}/${id}`);
          return status === 200 || undefined;
        },
        { everyMs: 20 },
      ).then(() => undefined),
    async settled(register, id) {
      if (!settles) return;
      const { receivedAt } = (await (await read(`/${register}/${id}`)).json()) as { receivedAt: string };
      await eventually(`${register} is settled through ${receivedAt}`, async () => {
        const { settledThrough } = (await (await read(`/${register}?limit=1`)).json()) as {
          settledThrough: string | null;
        };
        return settledThrough !== null && settledThrough >= receivedAt;
      });
    },
  };
}
