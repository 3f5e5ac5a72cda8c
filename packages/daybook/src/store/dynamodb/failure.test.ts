import assert from 'node:assert/strict';
import { test } from 'node:test';

import { DYNAMODB_FAILURES, meaningOf, toStoreError } from './failure.ts';
import { durabilityOf } from './table-description.ts';

function failure(name: string, fields: object = {}, message = ''): Error {
  return Object.assign(new Error(message), { name, ...fields });
}

function cancelled(...codes: readonly string[]): Error {
  const CancellationReasons = codes.map((Code) => ({ Code, Message: `about ${Code}` }));
  return failure('TransactionCanceledException', { CancellationReasons });
}

const arn = (region: string): string => `arn:aws:dynamodb:${region}:000000000000:table/t`;

test('throttles are certainly not written, timeouts and server errors may be, and both are transient', () => {
  for (const name of [
    'ThrottlingException',
    'ProvisionedThroughputExceededException',
    'RequestLimitExceeded',
  ])
    assert.deepEqual(meaningOf(failure(name)), { kind: 'transient', outcome: 'not-written' }, name);
  for (const name of ['InternalServerError', 'TransactionInProgressException', 'TimeoutError'])
    assert.deepEqual(meaningOf(failure(name)), { kind: 'transient', outcome: 'unknown' }, name);
});

test('a refused connection is certainly not written, one that broke may have carried it out', () => {
  assert.equal(meaningOf(failure('Error', { code: 'ECONNREFUSED' })).outcome, 'not-written');
  // The SDK calls every broken connection a timeout; the code tells.
  assert.equal(meaningOf(failure('TimeoutError', { code: 'ECONNRESET' })).outcome, 'unknown');
  assert.deepEqual(meaningOf(failure('Error', { code: 'ESOMETHING' })), {
    kind: 'transient',
    outcome: 'unknown',
  });
});

test('rights, credentials and a missing table are never held against an entry', () => {
  for (const name of ['AccessDeniedException', 'ExpiredTokenException', 'ResourceNotFoundException'])
    assert.equal(meaningOf(failure(name)).kind, 'transient', name);
});

test('what is too large is permanent; any other request that is not valid is a defect', () => {
  const large = failure('ValidationException', {}, 'Item size has exceeded the maximum allowed size');
  assert.equal(meaningOf(large).kind, 'permanent');
  assert.equal(
    meaningOf(failure('ValidationException', {}, 'Invalid UpdateExpression: Syntax error')).kind,
    'unknown',
  );
});

test('a cancelled transaction means the worst of its reasons, and says which they were', () => {
  assert.equal(meaningOf(cancelled('None', 'ThrottlingError')).kind, 'transient');
  assert.equal(meaningOf(cancelled('ThrottlingError', 'ValidationError')).kind, 'permanent');
  assert.equal(meaningOf(cancelled('None', 'Unheard')).kind, 'unknown');
  const thrown = cancelled('None', 'ThrottlingError');
  const error = toStoreError(meaningOf(thrown), 'TransactWriteItems', thrown);
  assert.deepEqual([error.reason, error.outcome, error.cause], ['unavailable', 'not-written', thrown]);
  assert.match(error.message, /TransactWriteItems: TransactionCanceledException: ThrottlingError: about/);
});

test('an answer of a broken server or balancer is transient, anything else unknown is a defect', () => {
  assert.equal(meaningOf(failure('SyntaxError', { $response: { statusCode: 502 } })).kind, 'transient');
  assert.equal(meaningOf(failure('SomethingElse', { $metadata: { httpStatusCode: 400 } })).kind, 'unknown');
  assert.equal(meaningOf('no error at all').kind, 'unknown');
});

test('nothing permanent or unknown is ever in doubt', () => {
  for (const [name, { kind, outcome }] of Object.entries(DYNAMODB_FAILURES))
    if (kind !== 'transient') assert.equal(outcome, 'not-written', name);
});

test('durability is claimed for addresses of Amazon only', () => {
  const cases = [
    [undefined, arn('eu-west-1'), 'replicated-fsync'],
    [undefined, undefined, 'replicated-fsync'],
    ['https://vpce-1.dynamodb.eu-west-1.vpce.amazonaws.com', arn('eu-west-1'), 'replicated-fsync'],
    ['https://dynamodb.cn-north-1.amazonaws.com.cn', undefined, 'replicated-fsync'],
    ['http://127.0.0.1:8000', arn('ddblocal'), 'memory'],
    ['http://127.0.0.1:8000', undefined, 'memory'],
    ['https://amazonaws.com.example.org', arn('eu-west-1'), 'memory'],
  ] as const;
  for (const [endpoint, tableArn, level] of cases)
    assert.equal(durabilityOf(endpoint, tableArn).level, level, endpoint);
});
