/** The OpenAPI document: complete, consistent in itself, and in the structure of OpenAPI 3.1. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseConfig } from '../../config/load.ts';
import { ERRORS } from '../../errors.ts';
import { registerPaths } from '../../register.ts';
import { createOpenApiDocument } from './document.ts';
import type { Answer, Operation, Parameter, Reference } from './specification.ts';

const { registers } = parseConfig({
  registers: {
    'a-1': {
      access: 'open',
      aliases: [
        { method: 'POST', path: '/x-y' },
        { method: 'POST', path: '/x_y' },
        { method: 'GET', path: '/x-y' },
      ],
    },
    a1: {
      access: 'open',
      keepHeaders: ['x-github-event'],
      keepQuery: ['source'],
      idempotencyKeyFrom: 'x-github-delivery',
      occurredAtFrom: 'at',
    },
    deploys: {
      access: { write: 'key', read: ['key', 'jwt'] },
      allowFrom: ['10.0.0.0/8'],
      retentionDays: 90,
      schema: {
        $defs: { name: { type: 'string', minLength: 3 } },
        required: ['service', 'stage', 'steps'],
        properties: {
          service: { $ref: '#/$defs/name' },
          stage: { enum: ['test', 'production'] },
          steps: { type: 'integer', minimum: 2 },
        },
      },
    },
    typed: { access: 'open', schema: { type: 'array', minItems: 1 } },
  },
});
const document = createOpenApiDocument({ registers, version: '1.2.3', basePath: '/dev' });
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]: [string, Operation]) => ({ method, path, operation })),
);

/** Every object in a value, with its members. */
function* walk(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const member of Object.values(value)) yield* walk(member);
}

/** What a JSON pointer (RFC 6901) in a fragment leads to. */
function follow(reference: string): unknown {
  return reference
    .slice('#/'.length)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], document);
}

function resolveParameter(parameter: Parameter | Reference): Parameter {
  return '$ref' in parameter ? (follow(parameter.$ref) as Parameter) : parameter;
}

test('every reference leads to something in the document', () => {
  const references = [...walk(document)]
    .map(({ $ref }) => $ref)
    // A register's own schema leads into itself.
    .filter((reference) => typeof reference === 'string' && !reference.startsWith('#/$defs/')) as string[];
  assert.notEqual(references.length, 0);
  for (const reference of references) assert.notEqual(follow(reference), undefined, reference);
});

test('every component is used', () => {
  const used = new Set([...walk(document)].map(({ $ref }) => $ref));
  const { securitySchemes: _, ...components } = document.components;
  for (const [kind, named] of Object.entries(components)) {
    for (const name of Object.keys(named))
      assert.ok(used.has(`#/components/${kind}/${name}`), `${kind}/${name}`);
  }
});

test('every path of every register and alias is there with its method', () => {
  for (const key of registerPaths(registers).keys()) {
    const [method = '', path = ''] = key.split(' ');
    assert.ok(
      operations.some((one) => one.path === path && one.method === method.toLowerCase()),
      key,
    );
  }
  for (const { name } of registers) {
    for (const path of ['/{id}', '/{id}/payload', '/stats'])
      assert.ok(document.paths[`/${name}${path}`]?.get, path);
  }
  assert.equal(document.paths['/audit']?.post, undefined);
});

test('every path of the service is there', () => {
  const service =
    '/ /healthz /readyz /health /api/status /api/registers /api/ledger /api/keys /metrics /openapi.json /docs'.split(
      ' ',
    );
  for (const path of service) assert.ok(document.paths[path]?.get, path);
});

test('operation ids are unique words', () => {
  const ids = operations.map(({ operation }) => operation.operationId);
  assert.deepEqual(ids, [...new Set(ids)]);
  for (const id of ids) assert.match(id, /^[a-z][A-Za-z0-9_]*$/);
});

test('the parameters of an operation are unique, and those of its path are described and required', () => {
  for (const { path, operation } of operations) {
    const parameters = (operation.parameters ?? []).map(resolveParameter);
    const keys = parameters.map((parameter) => `${parameter.in} ${parameter.name.toLowerCase()}`);
    assert.deepEqual(keys, [...new Set(keys)], path);
    const inPath = parameters.filter((parameter) => parameter.in === 'path');
    const templated = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    assert.deepEqual(
      inPath.map(({ name }) => name),
      templated,
    );
    assert.ok(inPath.every(({ required }) => required === true));
  }
});

test('every operation has a tag of the document, a summary, an answer and a command to try', () => {
  const tags = document.tags.map(({ name }) => name);
  for (const { path, operation } of operations) {
    assert.ok(tags.includes(operation.tags[0]), path);
    assert.notEqual(operation.summary, '');
    assert.ok(Object.keys(operation.responses).some((status) => status.startsWith('2')));
    assert.ok(
      operation['x-codeSamples'].every(({ source }) => source.includes('http://localhost:3000/dev/')),
    );
    assert.notEqual(operation['x-codeSamples'].length, 0);
  }
});

test('every answer has a description, and every status is one', () => {
  for (const { operation } of operations) {
    for (const [status, answer] of Object.entries(operation.responses)) {
      assert.match(status, /^[2-5]\d\d$/);
      const { description } = ('$ref' in answer ? follow(answer.$ref) : answer) as { description?: unknown };
      assert.equal(typeof description, 'string');
    }
  }
});

test('refusals name only codes of the registry, under their own status', () => {
  for (const [name, { content }] of Object.entries(document.components.responses)) {
    for (const code of Object.keys(content?.['application/problem+json']?.examples ?? {})) {
      assert.ok(name.endsWith(String(ERRORS[code as keyof typeof ERRORS].status)), `${code} in ${name}`);
    }
  }
});

test('every code of the registry that this version answers with is in the document', () => {
  const documented = new Set(
    Object.values(document.components.responses).flatMap(({ content }) =>
      Object.keys(content?.['application/problem+json']?.examples ?? {}),
    ),
  );
  const missing = Object.keys(ERRORS).filter((code) => !documented.has(code));
  assert.deepEqual(missing, []);
});

const rolesOf = ({ security }: Operation) =>
  security?.map((way) => way['bearer']?.join() ?? 'nobody in particular').join(' or ');

function codesOf(path: string, method: 'get' | 'post'): Set<string> {
  const { responses = {} } = document.paths[path]?.[method] ?? {};
  return new Set(
    Object.values(responses).flatMap((answer) => {
      const { content } = ('$ref' in answer ? follow(answer.$ref) : answer) as Answer;
      return Object.keys(content?.['application/problem+json']?.examples ?? {});
    }),
  );
}

test('every operation says by its security who may ask for it', () => {
  const roles = Object.fromEntries(
    operations.map(({ method, path, operation }) => [`${method} ${path}`, rolesOf(operation)]),
  );
  for (const [name, write, read] of [
    ['app', undefined, undefined],
    ['data', 'data.write or admin', 'data.read or admin'],
    ['deploys', 'deploys.write or admin', 'deploys.read or admin'],
    ['audit', undefined, 'audit.read or admin'],
  ] as const) {
    assert.equal(roles[`post /${name}`], write);
    for (const path of ['', '/{id}', '/{id}/payload', '/stats'])
      assert.equal(roles[`get /${name}${path}`], read, `${name}${path}`);
  }
  const ofService = Object.entries(roles).filter(([key]) => / \/api\/(?!status)/.test(key));
  assert.equal(ofService.length, 11);
  for (const [key, needed] of ofService) assert.equal(needed, 'admin', key);
  assert.equal(roles['get /api/status'], 'nobody in particular or admin');
  assert.equal(roles['get /metrics'], 'nobody in particular or metrics or admin');
});

/** The refusals of access that an operation names. */
function refusalsOf(path: string, method: 'get' | 'post'): string {
  const codes = codesOf(path, method);
  const some = ['UNAUTHENTICATED', 'FORBIDDEN', 'CREDENTIAL_UNVERIFIABLE', 'CROSS_SITE'];
  const more = ['ADDRESS_REFUSED', 'PAYLOAD_INVALID', 'ENTRY_EXPIRED'];
  return [...some, ...more].filter((code) => codes.has(code)).join(' ');
}

test('a refusal is named where it can occur, and only there', () => {
  const guarded = 'UNAUTHENTICATED FORBIDDEN CREDENTIAL_UNVERIFIABLE';
  assert.equal(refusalsOf('/app', 'post'), 'CROSS_SITE');
  assert.equal(refusalsOf('/app', 'get'), '');
  assert.equal(refusalsOf('/typed', 'post'), 'CROSS_SITE PAYLOAD_INVALID');
  assert.equal(refusalsOf('/data', 'post'), `${guarded} CROSS_SITE PAYLOAD_INVALID`);
  assert.equal(refusalsOf('/data/{id}', 'get'), guarded);
  assert.equal(refusalsOf('/deploys', 'post'), `${guarded} CROSS_SITE ADDRESS_REFUSED PAYLOAD_INVALID`);
  assert.equal(refusalsOf('/deploys/{id}', 'get'), `${guarded} ADDRESS_REFUSED ENTRY_EXPIRED`);
  assert.equal(refusalsOf('/deploys/stats', 'get'), `${guarded} ADDRESS_REFUSED`);
  assert.equal(refusalsOf('/api/keys', 'post'), `${guarded} CROSS_SITE`);
  assert.equal(refusalsOf('/api/drain', 'post'), `${guarded} CROSS_SITE`);
});

test('the payload of a register is described by its schema, with an example that matches where one is found', () => {
  const examples = {
    data: { informationOne: 'checkout', informationTwo: 'checkout' },
    deploys: { service: 'checkout', stage: 'test', steps: 2 },
    typed: undefined,
  };
  for (const [name, example] of Object.entries(examples)) {
    const { requestBody, 'x-codeSamples': samples = [] } = document.paths[`/${name}`]?.post ?? {};
    assert.equal(requestBody?.required, true);
    assert.deepEqual(Object.keys(requestBody?.content ?? {}).toSorted(), [
      'application/json',
      'application/x-ndjson',
      'application/x-www-form-urlencoded',
    ]);
    const { schema, example: shown } = requestBody?.content['application/json'] ?? {};
    assert.deepEqual(schema, { $ref: `#/components/schemas/Payload-${name}` });
    assert.deepEqual(shown, example);
    assert.ok(
      samples.some(({ source }) =>
        source.includes(example === undefined ? '@payload.json' : JSON.stringify(example)),
      ),
    );
  }
  assert.equal(document.components.schemas['Payload-deploys']?.['$id'], 'urn:daybook:payload:deploys');
  assert.equal(document.components.schemas['Payload-data']?.['$id'], undefined);
  assert.ok(document.paths['/app']?.post?.requestBody?.content['*/*']);
});

test('schemas allow members that a client does not know', () => {
  for (const schema of walk(document.components.schemas))
    assert.notEqual(schema['additionalProperties'], false);
});

test('a register’s own settings are told', () => {
  const tag = (wanted: string) => document.tags.find(({ name }) => name === wanted)?.description ?? '';
  assert.equal(tag('app'), 'The register app, open to anybody who reaches it.');
  assert.match(
    tag('data'),
    /^The register data\. Written with a token that has the role data\.write; read .*own entries/,
  );
  assert.match(
    tag('deploys'),
    /Written with an API key that.*read with an API key or a token.*10\.0\.0\.0\/8.*90 days/,
  );
  assert.match(tag('audit'), /Written by Daybook itself/);
  for (const path of ['/data', '/data/{id}', '/data/stats'])
    assert.match(document.paths[path]?.get?.description ?? '', /belongs to the subject/);
  const { description = '', parameters = [] } = document.paths['/a1']?.post ?? {};
  assert.match(description, /at most 262144 bytes.*x-github-delivery is the key.*The field at/);
  const names = parameters.map((parameter) => resolveParameter(parameter).name);
  for (const name of ['x-github-event', 'x-github-delivery', 'source']) assert.ok(names.includes(name), name);
});

test('the base path is the server, not part of the paths', () => {
  assert.deepEqual(
    document.servers.map(({ url }) => url),
    ['/dev'],
  );
  const atRoot = createOpenApiDocument({ registers, version: '1.2.3', basePath: '' });
  assert.equal(atRoot.servers[0]?.url, '/');
  assert.deepEqual(Object.keys(atRoot.paths), Object.keys(document.paths));
});

test('the document is plain JSON', () => {
  assert.deepEqual(JSON.parse(JSON.stringify(document)), document);
});
