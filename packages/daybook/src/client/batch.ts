/**
 * Writes of many entries. Lines are written in requests of up to 10 000; each has its own result. What can be repeated
 * safely is repeated, line by line: a line that has its final result is left out of the next attempt.
 */
import type { BatchLine } from '../contract/messages.ts';
import { readLines } from './answer-stream.ts';
import { BLOCK_LINES, MAX_REQUEST_BYTES, toBody, toChunks } from './batch-lines.ts';
import type { BatchChunk, BatchItem } from './batch-lines.ts';
import { ClientError } from './client-error.ts';
import { keyOf, mayRepeat } from './post.ts';
import type { WriteSettings } from './post.ts';
import { createAttempts } from './retry.ts';
import type { Transport } from './transport.ts';

export interface BatchOptions {
  /**
   * At most 240 characters. Line k is known under this key and k, however the lines are cut into requests: the same
   * lines under the same key again write only what is missing. Default as for a single write.
   */
  readonly idempotencyKey?: string | false | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How long a line may wait for others to share its request, when the source is slow. Default 20. */
  readonly lingerMs?: number | undefined;
}

/** What became of a line; `index` counts the caller's lines from 0. Lines without content have no result. */
export interface BatchResult extends Omit<BatchLine, 'line'> {
  readonly index: number;
}

const DEFAULT_LINGER_MS = 20;
/** The answer begins when all lines are durable; a disk may take its time. */
const TIMEOUT_MS = 120_000;

/**
 * Results in the order of the lines. A refused line is a result with a status of 400 or more, not an error.
 * @throws {ClientError} when a request fails as a whole: lines without a result may be there or not, see `outcome`.
 */
export async function* postBatch(
  transport: Transport,
  settings: WriteSettings,
  register: string,
  lines: Iterable<BatchItem> | AsyncIterable<BatchItem>,
  options: BatchOptions = {},
): AsyncGenerator<BatchResult, void> {
  const key = keyOf(options, settings.randomKeys);
  const { signal, lingerMs = DEFAULT_LINGER_MS } = options;
  for await (const chunk of toChunks(lines, { lingerMs })) {
    const block = Math.floor((chunk[0]?.index ?? 0) / BLOCK_LINES);
    const send = createChunkRequest(transport, register, block, key, options);
    yield* writeChunk(chunk, { send, retry: settings.retry, keyed: key !== undefined, signal });
  }
}

type ChunkRequest = (lines: BatchChunk) => AsyncGenerator<BatchResult, void>;

interface ChunkSettings {
  readonly send: ChunkRequest;
  readonly retry: WriteSettings['retry'];
  readonly keyed: boolean;
  readonly signal: AbortSignal | undefined;
}

async function* writeChunk(chunk: BatchChunk, settings: ChunkSettings): AsyncGenerator<BatchResult, void> {
  const { send, retry, keyed, signal } = settings;
  const [first, second] = chunk;
  if (first === undefined) return;
  if (first.bytes.length >= MAX_REQUEST_BYTES) {
    yield tooLarge(first.index, `expected at most ${MAX_REQUEST_BYTES} bytes, given ${first.bytes.length}`);
    yield* writeChunk(chunk.slice(1), settings);
    return;
  }
  const results = new Map<number, BatchResult>();
  const attempts = createAttempts(retry);
  let pending = chunk;
  let failure: unknown;
  for (let again = true; again;) {
    failure = undefined;
    for (const { index } of pending) results.delete(index);
    try {
      for await (const result of send(pending)) results.set(result.index, result);
      const missing = pending.find(({ index }) => !results.has(index));
      if (missing !== undefined) throw noResult(missing.index);
    } catch (thrown) {
      failure = thrown;
    }
    if (failure !== undefined && !mayRepeat(failure, keyed)) break;
    pending = pending.filter(({ index }) => !isFinal(results.get(index), keyed));
    again = pending.length > 0 && (await attempts.another(failure?.retryAfterMs, signal));
  }
  if (failure instanceof ClientError && failure.code === 'BATCH_TOO_LARGE') {
    // This server is configured for smaller requests. Names of lines do not depend on the cut.
    if (second === undefined) yield tooLarge(first.index, failure.message);
    else {
      const half = Math.ceil(chunk.length / 2);
      yield* writeChunk(chunk.slice(0, half), settings);
      yield* writeChunk(chunk.slice(half), settings);
    }
    return;
  }
  for (const { index } of chunk) {
    const result = results.get(index);
    if (result !== undefined) yield result;
  }
  if (failure !== undefined) throw failure;
}

function createChunkRequest(
  transport: Transport,
  register: string,
  block: number,
  key: string | undefined,
  { headers, signal }: BatchOptions,
): ChunkRequest {
  return async function* send(lines) {
    const response = await transport.open({
      method: 'POST',
      path: [register],
      headers: {
        ...headers,
        'Content-Type': 'application/x-ndjson',
        ...(key === undefined ? {} : { 'Idempotency-Key': `${key}.${block}` }),
      },
      accept: 'application/x-ndjson',
      body: toBody(lines),
      signal,
      timeoutMs: TIMEOUT_MS,
    });
    try {
      for await (const text of readLines(response, {
        baseUrl: transport.baseUrl,
        silenceMs: TIMEOUT_MS,
        signal,
      })) {
        if (text !== '') yield toResult(text, block);
      }
    } catch (thrown) {
      throw thrown instanceof ClientError ? withUnknownOutcome(thrown) : thrown;
    }
  };
}

function toResult(text: string, block: number): BatchResult {
  try {
    const { line, ...rest } = JSON.parse(text) as BatchLine;
    return { index: block * BLOCK_LINES + line - 1, ...rest };
  } catch (cause) {
    const message = `expected the result of a line as JSON, given ${JSON.stringify(text.slice(0, 60))}`;
    throw new ClientError('ANSWER_INVALID', message, { retryable: false, outcome: 'unknown', cause });
  }
}

function isFinal(result: BatchResult | undefined, keyed: boolean): boolean {
  if (result === undefined) return false;
  return result.retryable !== true || !(keyed || result.outcome === 'not-written');
}

/** The request was sent whole, so whatever breaks while its answer is read leaves the outcome open. */
function withUnknownOutcome({ code, message, retryable, cause }: ClientError): ClientError {
  return new ClientError(code, message, { retryable, outcome: 'unknown', cause });
}

function noResult(index: number): ClientError {
  const message = `expected a result for every line, given none for the one with index ${index}`;
  return new ClientError('ANSWER_INVALID', message, { retryable: true, outcome: 'unknown' });
}

function tooLarge(index: number, detail: string): BatchResult {
  return { index, status: 413, code: 'ENTRY_TOO_LARGE', detail, retryable: false, outcome: 'not-written' };
}
