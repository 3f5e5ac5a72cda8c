/** `daybook/client`: the public surface of the client. */
export { createClient } from './client.ts';
export type { Client, ClientOptions, StatsOptions } from './client.ts';
export { ClientError, CursorExpiredError } from './client-error.ts';
export type { ClientErrorDetails, LocalErrorCode, WriteOutcome } from './client-error.ts';
export type { BatchItem } from './batch-lines.ts';
export type { BatchOptions, BatchResult } from './batch.ts';
export type {
  DeadLetterActionOptions,
  DeadLetterFilter,
  DeadLetterListOptions,
  DeadLettersClient,
} from './dead-letters.ts';
export type { DownloadOptions, ListOptions, Payload, Range } from './entries.ts';
export type { KeyListOptions, KeysClient } from './keys.ts';
export type { PostBody, PostOptions } from './post.ts';
export type { RetryPolicy } from './retry.ts';
export type { TailItem } from './tail-place.ts';
export type { TailOptions } from './tail.ts';
export type {
  BatchLine,
  DeadLetterOutcome,
  DeadLetterPageView,
  DeadLetterView,
  DrainView,
  EntryPage,
  EntryState,
  EntryView,
  Ledger,
  Problem,
  Receipt,
  Registers,
  Stats,
  Status,
} from '../contract/messages.ts';
export type { CreatedKeyView, KeyPageView, KeyRequestBody, KeyView } from '../contract/key-messages.ts';
