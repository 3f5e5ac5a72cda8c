/** A payload to show for a register: one that it would take, or none. */
import { compileSchema } from '../../payload-schema.ts';
import type { Register } from '../../register.ts';
import type { Schema } from './specification.ts';

const DEPLOYMENT = { event: 'deploy', service: 'checkout', commit: '9f2c1ab' };
const AUDITED = {
  action: 'keys create',
  by: 'daybook:admin',
  target: '5c2e91d07f3b6a18',
  outcome: 'done',
  requestId: '3de07fc15baaec5f',
  detail: { name: 'ci', scopes: ['app.write'] },
};
const TEXTS: readonly unknown[] = ['checkout', '2026-11-21', '2026-11-21T07:55:43Z', 'https://example.com/'];

/** @returns undefined when the schema gives no example and none that can be guessed matches it. */
export function examplePayload({ access, schema }: Register): unknown {
  if (access.write === 'internal') return AUDITED;
  if (schema === undefined) return DEPLOYMENT;
  const matches = compileSchema(schema);
  const { examples } = schema;
  const offered = [...(Array.isArray(examples) ? (examples as unknown[]) : []), DEPLOYMENT, guess(schema)];
  return offered.find((payload) => matches(payload));
}

/** The required members alone, each with the first value that its own schema takes. */
function guess(schema: Schema): unknown {
  const { required, properties } = schema;
  const members = (Array.isArray(required) ? required : []).map((name: string): [string, unknown] => {
    const member = (properties as Readonly<Record<string, Schema>> | undefined)?.[name] ?? {};
    return [name, valueFor(member)];
  });
  return Object.fromEntries(members);
}

function valueFor(member: Schema): unknown {
  const { enum: choices, const: only, minimum, default: fallback } = member;
  const offered = [
    only,
    fallback,
    ...(Array.isArray(choices) ? choices : []),
    ...TEXTS,
    minimum,
    1,
    true,
    [],
  ];
  try {
    const matches = compileSchema(member);
    return offered.find((value) => value !== undefined && matches(value)) ?? guess(member);
  } catch {
    // A part that refers to another part stands for nothing alone.
    return TEXTS[0];
  }
}
