/**
 * The shared parts of the document: schemas from the contract's zod schemas, header fields, security.
 */
import * as z from 'zod';

import * as deadLetters from '../../contract/dead-letter-schemas.ts';
import * as drain from '../../contract/drain-schemas.ts';
import * as keys from '../../contract/key-schemas.ts';
import * as contract from '../../contract/schemas.ts';
import type { Register } from '../../register.ts';
import type { Components, Header, Reference, Schema } from './specification.ts';

const SCHEMAS = {
  Receipt: contract.receiptSchema,
  BatchLine: contract.batchLineSchema,
  Entry: contract.entrySchema,
  Pending: contract.pendingSchema,
  EntryPage: contract.pageSchema,
  TailPage: contract.tailPageSchema,
  Stats: contract.statsSchema,
  Problem: contract.problemSchema,
  Status: contract.statusSchema,
  Registers: contract.registersSchema,
  Ledger: contract.ledgerSchema,
  Queue: contract.queueSchema,
  DeadLetterSummary: deadLetters.deadLetterSummarySchema,
  DeadLetterPage: deadLetters.deadLetterPageSchema,
  DeadLetter: deadLetters.deadLetterSchema,
  DeadLetterOutcome: deadLetters.deadLetterOutcomeSchema,
  DrainRequest: drain.drainRequestSchema,
  Drain: drain.drainSchema,
  KeyRequest: keys.keyRequestSchema,
  Key: keys.keySchema,
  CreatedKey: keys.createdKeySchema,
  KeyPage: keys.keyPageSchema,
} as const;

export type SchemaName = keyof typeof SCHEMAS;
export type HeaderName = keyof typeof HEADERS;

export function schemaReference(name: SchemaName): Reference {
  return { $ref: `#/components/schemas/${name}` };
}

/** @returns the `headers` of a response. */
export function headerReferences(...names: readonly HeaderName[]): Record<string, Reference> {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

const HEADERS = {
  Location: {
    description: 'The path of the entry, with the base path',
    schema: { type: 'string', format: 'uri-reference' },
  },
  Link: { description: 'The next page, rel="next"; relative, absent at the end', schema: { type: 'string' } },
  'Daybook-Durability': {
    description: 'What the entry has survived when the answer was sent',
    schema: { type: 'string', enum: ['memory', 'page-cache', 'fsync', 'replicated', 'replicated-fsync'] },
    example: 'fsync',
  },
  'Idempotency-Replayed': {
    description: 'true when the key was seen before; the answer is the first one',
    schema: { type: 'string', const: 'true' },
  },
  'Preference-Applied': {
    description: 'The Prefer that was followed; only with a queue',
    schema: { type: 'string' },
    example: 'wait=10',
  },
  RateLimit: {
    description: 'What is left of the caller’s bucket: r requests, full again after t seconds',
    schema: { type: 'string' },
    example: '"app";r=49;t=1',
  },
  'RateLimit-Policy': {
    description: 'The bucket: q requests in w seconds',
    schema: { type: 'string' },
    example: '"app";q=50;w=1',
  },
  'Retry-After': { description: 'Seconds', schema: { type: 'integer', minimum: 1 }, example: 1 },
  Allow: {
    description: 'The methods of this path',
    schema: { type: 'string' },
    example: 'GET, HEAD, OPTIONS',
  },
  'WWW-Authenticate': {
    description: 'The scheme, and what was wrong with the credential (RFC 6750)',
    schema: { type: 'string' },
    example: 'Bearer realm="daybook", error="insufficient_scope", scope="data.read"',
  },
} as const satisfies Record<string, Header>;

/** The schema of a register's payload, of which there is one where the register has one. */
export function payloadReference({ name }: Register): Reference {
  return { $ref: `#/components/schemas/Payload-${name}` };
}

/** Everything but what the operations bring with them. */
export function sharedComponents(
  registers: readonly Register[],
): Pick<Components, 'schemas' | 'headers' | 'securitySchemes'> {
  return {
    schemas: { ...schemaComponents(), ...payloadComponents(registers) },
    headers: HEADERS,
    securitySchemes: {
      bearer: {
        type: 'http',
        scheme: 'bearer',
        description:
          'An API key, a token (a signed JWT) of an issuer that the configuration names, or the admin key, which the first start writes to admin.key in the data directory. Each register says which kinds it takes.',
      },
    },
  };
}

function schemaComponents(): Record<string, Schema> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(SCHEMAS)) registry.add(schema, { id });
  // `input`, because answers may carry members that a client does not know: nothing forbids additional ones.
  const { schemas } = z.toJSONSchema(registry, {
    io: 'input',
    uri: (id) => schemaReference(id as SchemaName).$ref,
  });
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, withoutIdentity(schema)]));
}

/** An identity of its own, so that references within it lead into it and not into the document. */
function payloadComponents(registers: readonly Register[]): Record<string, Schema> {
  const components: Record<string, Schema> = {};
  for (const { name, schema } of registers) {
    if (schema === undefined) continue;
    const refersToItself = JSON.stringify(schema).includes('"#');
    components[`Payload-${name}`] = {
      ...(refersToItself && { $id: `urn:daybook:payload:${name}` }),
      description: `The payload of an entry of ${name}`,
      ...schema,
    };
  }
  return components;
}

/** Inside an OpenAPI document a schema is known by its place. */
function withoutIdentity(schema: Schema): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$schema' && key !== '$id'));
}
