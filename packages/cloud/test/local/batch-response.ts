/**
 * What an answer to a batch of messages means ("Implementing partial batch responses", AWS Lambda): nothing said is
 * success of all; anything that is not properly said is failure of all.
 */
import type { SQSBatchResponse } from 'aws-lambda';

import type { Invoked } from './runtime.ts';

/** @param told undefined when the function was never called. @returns the ids that stay in the queue. */
export function failedMessages(
  told: Invoked | undefined,
  ids: ReadonlySet<string>,
  reportBatchItemFailures: boolean,
): ReadonlySet<string> {
  if (told?.kind !== 'response') return ids;
  if (!reportBatchItemFailures) return new Set();
  const { payload } = told;
  if (payload === null || payload === undefined) return new Set();
  if (typeof payload !== 'object') return ids;
  const { batchItemFailures = [] } = payload as Partial<SQSBatchResponse>;
  if (batchItemFailures === null) return new Set();
  if (!Array.isArray(batchItemFailures)) return ids;
  const named = batchItemFailures.map((one) => (one as { itemIdentifier?: unknown } | null)?.itemIdentifier);
  const known = named.filter((id): id is string => typeof id === 'string' && ids.has(id));
  return known.length === named.length ? new Set(known) : ids;
}
