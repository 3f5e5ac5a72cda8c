import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createEmitter } from './emit-metric.ts';

function emitted(values: Parameters<ReturnType<typeof createEmitter>>[0]): string[] {
  const lines: string[] = [];
  const emit = createEmitter({
    namespace: 'Daybook/test',
    functionName: 'persister',
    write: (line) => void lines.push(line),
    nowMs: () => 1_795_000_000_123.9,
  });
  emit(values);
  return lines;
}

test('metrics of one moment are one line of the embedded metric format, with one dimension', () => {
  const [line = '', ...more] = emitted({ StoredEntries: 12, DeadEntries: 0, ProbeLatency: 31.5 });
  assert.deepEqual(more, []);
  assert.ok(line.endsWith('}\n') && !line.slice(0, -1).includes('\n'));
  assert.deepEqual(JSON.parse(line), {
    _aws: {
      Timestamp: 1_795_000_000_123,
      CloudWatchMetrics: [
        {
          Namespace: 'Daybook/test',
          Dimensions: [['Function']],
          Metrics: [
            { Name: 'StoredEntries', Unit: 'Count' },
            { Name: 'DeadEntries', Unit: 'Count' },
            { Name: 'ProbeLatency', Unit: 'Milliseconds' },
          ],
        },
      ],
    },
    Function: 'persister',
    StoredEntries: 12,
    DeadEntries: 0,
    ProbeLatency: 31.5,
  });
});

test('without values nothing is emitted', () => {
  assert.deepEqual(emitted({}), []);
});
