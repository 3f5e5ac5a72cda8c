import assert from 'node:assert/strict';
import { test } from 'node:test';

import { endpointDurability } from './endpoint-durability.ts';

test('only what HTTPS proves to be the vendor has the durability of the vendor', () => {
  for (const endpoint of [
    'https://sqs.eu-west-1.amazonaws.com',
    'https://sqs.cn-north-1.amazonaws.com.cn',
    'https://sqs.eu-west-1.api.aws',
    'https://vpce-0a1b-2c3d.sqs.us-east-1.vpce.amazonaws.com',
  ]) {
    assert.equal(endpointDurability(endpoint).level, 'replicated-fsync', endpoint);
  }
  for (const endpoint of [
    'http://sqs.eu-west-1.amazonaws.com',
    'https://sqs.eu-west-1.amazonaws.com.example',
    'https://notamazonaws.com',
    'http://127.0.0.1:4566',
  ]) {
    const { level, proof } = endpointDurability(endpoint);
    assert.equal(level, 'memory', endpoint);
    assert.ok(proof.includes(endpoint));
  }
});
