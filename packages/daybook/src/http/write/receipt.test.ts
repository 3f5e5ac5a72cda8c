/** The receipt of a write, as an answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { microsToFirstId } from '../../id.ts';
import type { Accepted } from '../../intake/intake.ts';
import { REGISTER_NAME } from '../../register.ts';
import type { HttpContext } from '../context.ts';
import type { WritePlan } from './head.ts';
import { receiptAnswer } from './receipt.ts';

test('a body that is called ASCII has as many bytes as characters, and is JSON', () => {
  const receipt = fc.record({
    name: fc.stringMatching(REGISTER_NAME),
    region: fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,31}$/),
    format: fc.constantFrom('json', 'text', 'html'),
    showEpochMs: fc.boolean(),
    kind: fc.constantFrom('stored', 'queued', 'duplicate'),
    micros: fc.integer({ min: 0, max: 4_000_000_000_000_000 }),
  });
  fc.assert(
    fc.property(receipt, ({ name, region, format, showEpochMs, kind, micros }) => {
      const id = microsToFirstId(micros);
      const context = {
        version: '1.0.0',
        config: { basePath: '/dev', region },
        store: { capabilities: { durability: 'fsync' } },
      } as unknown as HttpContext;
      const plan = { register: { name, showEpochMs }, format, waitSeconds: 0 } as WritePlan;
      const accepted = { kind, entry: { id }, firstId: id } as Accepted;
      const { body, isAscii } = receiptAnswer(context, plan, accepted);
      assert.equal(isAscii, format === 'json' ? true : undefined);
      if (isAscii !== true) return;
      assert.equal(Buffer.byteLength(body as string), (body as string).length);
      assert.equal((JSON.parse(body as string) as { id: string }).id, id);
    }),
  );
});
