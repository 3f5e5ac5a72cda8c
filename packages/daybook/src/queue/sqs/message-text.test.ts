import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fromText, toText } from './message-text.ts';

test('bytes come back as they were sent, also none, and also through a topic that wraps them', () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('{"v":1}\n'), Buffer.from([0, 255, 10, 13])]) {
    const text = toText(bytes);
    assert.deepEqual(Buffer.from(fromText(text)), bytes);
    const wrapped = JSON.stringify({ Type: 'Notification', TopicArn: 'arn', Message: text });
    assert.deepEqual(Buffer.from(fromText(wrapped)), bytes);
  }
});

test('JSON that somebody else sent keeps its bytes', () => {
  for (const text of [
    '{"Type":"SubscriptionConfirmation","Message":"AAAA"}',
    '{"Type":"Notification"}',
    '{',
  ]) {
    assert.equal(Buffer.from(fromText(text)).toString(), text);
  }
});
