/**
 * The public API of the package: embed Daybook in a process, and the envelope that batches travel in.
 */
export { loadConfig, parseConfig } from './config/load.ts';
export type { Config } from './config/load.ts';
export type { DaybookConfig } from './config/schema.ts';
export { createDaybook } from './daybook.ts';
export type { Daybook } from './daybook.ts';
export type { Entry, EntryDraft, Position, StoredEntry } from './entry.ts';
export type { Batch, MinuteCount } from './envelope.ts';
export { decodeEnvelope, encodeEnvelope, EnvelopeChecksumError, EnvelopeVersionError } from './envelope.ts';
export { DaybookError, ERRORS, StartError } from './errors.ts';
export type { ErrorCode } from './errors.ts';
export { createLog } from './telemetry/log.ts';
