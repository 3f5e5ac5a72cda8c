/** The OpenAPI document: complete, consistent in itself, and in the structure of OpenAPI 3.1. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseConfig } from '../../config/load.ts';
import { ERRORS } from '../../errors.ts';
import { registerPaths } from '../../register.ts';
import { createOpenApiDocument } from './document.ts';
import type { Operation, Parameter, Reference } from './specification.ts';

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
    .filter((reference) => typeof reference === 'string');
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
});

test('every path of the service is there', () => {
  const service =
    '/ /healthz /readyz /health /api/status /api/registers /api/ledger /metrics /openapi.json /docs'.split(
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
  // Roles come with access control; NOT_FOUND is the answer of paths that the document does not have.
  const elsewhere = new Set(['FORBIDDEN', 'NOT_FOUND']);
  const missing = Object.keys(ERRORS).filter((code) => !documented.has(code) && !elsewhere.has(code));
  assert.deepEqual(missing, []);
});

test('only what the operator may ask needs the admin key', () => {
  const guarded = operations.filter(
    ({ operation }) => operation.security?.every((one) => 'adminKey' in one) === true,
  );
  assert.deepEqual(guarded.map(({ path }) => path).toSorted(), [
    '/api/dead-letters',
    '/api/dead-letters/{id}',
    '/api/dead-letters/{id}/discard',
    '/api/dead-letters/{id}/replay',
    '/api/ledger',
    '/api/queue',
    '/api/registers',
  ]);
});

test('schemas allow members that a client does not know', () => {
  for (const schema of walk(document.components.schemas))
    assert.notEqual(schema['additionalProperties'], false);
});

test('a register’s own settings are told', () => {
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
