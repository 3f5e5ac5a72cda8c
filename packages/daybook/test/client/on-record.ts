/** For tests that read back what must be there. */
import assert from 'node:assert/strict';

import type { EntryState, EntryView } from '../../src/client/index.ts';

/** @throws {AssertionError} when there is no entry to show, or not yet. */
export function onRecord(answer: EntryView | EntryState): EntryView {
  if (answer.status === 'stored' || answer.status === 'duplicate') return answer;
  return assert.fail(`the entry is ${answer.status}`);
}
