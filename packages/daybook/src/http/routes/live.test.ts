import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseConfig } from '../../config/load.ts';
import type { Register } from '../../register.ts';
import { createSignal } from '../../tail/signal.ts';
import { NODE_FRONT } from '../front.ts';
import { createLive } from './live.ts';

const register = parseConfig({}).registers.find(({ name }) => name === 'app') as Register;
const present = { gone: new AbortController().signal, forget: () => undefined };

test('a tail in which nothing happens is given a comment again and again, and no event', async () => {
  const draining = new AbortController();
  const live = createLive(
    {
      store: {
        lanes: [{ name: 'main', epoch: 'e' }],
        head: async () => 0,
        tail: async () => ({ entries: [], through: 0, expiredThrough: 0 }),
        find: async () => undefined,
        list: async () => ({ entries: [], more: false }),
      },
      stored: createSignal(),
      nowMicros: () => 0,
      nowMs: () => performance.now(),
      draining: draining.signal,
      front: NODE_FRONT,
      settledThrough: () => undefined,
    },
    { commentEveryMs: 5 },
  );
  const { body } = await live.events({
    view: { register, subject: undefined, assertStillAdmitted: async () => undefined },
    parameters: {},
    watch: () => present,
    lastEventId: undefined,
  });
  assert.ok(body instanceof ReadableStream);
  let text = '';
  for await (const bytes of body) {
    text += new TextDecoder().decode(bytes);
    // The end of the server is the end of the stream, in order.
    if (text.split(': still here\n\n').length > 3) draining.abort();
  }
  assert.match(text, /^retry: 2000\nid: \S+\n\n(?:: still here\n\n){3,}$/);
});
