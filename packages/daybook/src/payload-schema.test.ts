import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseConfig } from './config/load.ts';
import { DaybookError } from './errors.ts';
import { assertMatchesSchema } from './payload-schema.ts';
import type { Register } from './register.ts';

function register(schema: Record<string, unknown>): Register {
  const { registers } = parseConfig({ registers: { checked: { access: 'open', schema } } });
  return registers.find(({ name }) => name === 'checked') as Register;
}

function faults(of: Register, text: string): string[] {
  try {
    assertMatchesSchema(of, { json: JSON.parse(text), payload: Buffer.from(text) });
    return [];
  } catch (thrown) {
    assert.ok(thrown instanceof DaybookError);
    assert.equal(thrown.code, 'PAYLOAD_INVALID');
    const { errors } = thrown.details.members as { errors: { pointer: string; expected: string }[] };
    return errors.map(({ pointer, expected }) => `${pointer} ${expected}`);
  }
}

test('a field that every object inherits is no field of the payload', () => {
  for (const name of ['constructor', 'toString', 'hasOwnProperty']) {
    const checked = register({
      type: 'object',
      required: [name],
      properties: { [name]: { type: 'string' } },
    });
    assert.deepEqual(faults(checked, '{}'), [`/${name} must be there`]);
    assert.deepEqual(faults(checked, `{"${name}":"given"}`), []);
    assert.deepEqual(faults(checked, `{"${name}":1}`), [`/${name} must be string`]);
  }
});

test('what a payload hides in __proto__ is not there', () => {
  const checked = register({ type: 'object', required: ['a'] });
  for (const text of ['{"__proto__":{"a":1}}', '{"constructor":{"prototype":{"a":1}}}'])
    assert.deepEqual(faults(checked, text), ['/a must be there']);
  assert.equal(({} as Record<string, unknown>)['a'], undefined);
});

test('a field with a name of many kinds of characters is named by its pointer', () => {
  const checked = register({ type: 'object', required: ['a/b~c'] });
  assert.deepEqual(faults(checked, '{}'), ['/a~1b~0c must be there']);
});
