/**
 * `GET /{register}` as NDJSON, CSV or text: everything in the range, as a stream. Reads page by page in short
 * transactions and gives way to writers, so that an export of any size disturbs nobody.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

import type { StoredEntry } from '../../entry.ts';
import { idToStamp } from '../../id.ts';
import type { Register } from '../../register.ts';
import type { Answer } from '../answer.ts';
import { NDJSON_TYPE, TEXT_TYPE } from '../answer.ts';
import type { HttpContext } from '../context.ts';
import { CSV_HEADER, entryToCsv } from '../entry-csv.ts';
import { entryToJson, entryToLine } from '../entry-json.ts';
import type { RegisterView } from '../register-view.ts';
import { shownOf } from '../register-view.ts';
import type { ListParameters, ListRange } from './list.ts';
import { readRange } from './list.ts';
import { wholeNumberOf } from '../parameters.ts';

type StreamFormat = 'ndjson' | 'csv' | 'text';

const PAGE_ENTRIES = 100;
const PAGE_BYTES = 512 * 1024;
/** While writes are under way, the time that a page took, in both threads, is followed by this many times as long a pause. */
const PAUSE_RATIO = 6;

const TYPES: Record<StreamFormat, string> = {
  ndjson: NDJSON_TYPE,
  csv: 'text/csv; charset=utf-8; header=present',
  text: TEXT_TYPE,
};

/** The first page is read before the answer begins: a store that cannot be read is told as a problem. @throws {DaybookError} */
export async function streamAnswer(
  context: HttpContext,
  view: RegisterView,
  parameters: ListParameters,
  format: StreamFormat,
): Promise<Answer> {
  const range = readRange(parameters);
  const limit = wholeNumberOf('limit', parameters.limit, {
    from: 1,
    to: Number.MAX_SAFE_INTEGER,
    fallback: Infinity,
  });
  // Without an end an export in ascending order would follow the writers for ever.
  const to = Math.min(range.to ?? Infinity, context.nowMicros());
  const chunks = createChunks(context, view, { ...range, to }, limit, format);
  const first = await chunks.next();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => give(controller, first),
    pull: async (controller) => give(controller, await chunks.next()),
    async cancel() {
      await chunks.return(undefined);
    },
  });
  const headers = {
    'content-type': TYPES[format],
    ...(format === 'csv' && { 'content-disposition': `attachment; filename="${view.register.name}.csv"` }),
  };
  return { status: 200, headers, body };
}

function give(
  controller: ReadableStreamDefaultController<Uint8Array>,
  chunk: IteratorResult<Uint8Array, undefined>,
): void {
  if (chunk.done === true) controller.close();
  else controller.enqueue(chunk.value);
}

async function* createChunks(
  context: HttpContext,
  view: RegisterView,
  range: ListRange,
  limit: number,
  format: StreamFormat,
): AsyncGenerator<Uint8Array, undefined> {
  const formatted = formatter(view.register, format);
  let head = format === 'csv' ? CSV_HEADER : '';
  let left = limit;
  let { after } = range;
  while (left > 0) {
    const startedMs = context.nowMs();
    const page = await context.store.list({
      ...shownOf(view),
      ...range,
      ...(after !== undefined && { after }),
      limit: Math.min(PAGE_ENTRIES, left),
      maxBytes: PAGE_BYTES,
    });
    const chunk = Buffer.from(head + page.entries.map(formatted).join(''));
    const workedMs = context.nowMs() - startedMs;
    head = '';
    if (chunk.byteLength > 0) yield chunk;
    left -= page.entries.length;
    after = page.entries.at(-1)?.id;
    if (!page.more) return undefined;
    await giveWay(context, workedMs);
  }
  return undefined;
}

function formatter(register: Register, format: StreamFormat): (entry: StoredEntry) => string {
  if (format === 'ndjson') return (entry) => `${entryToJson(register, entry)}\n`;
  if (format === 'csv') return entryToCsv;
  return (entry) => `${idToStamp(entry.id)}\t${entry.id}\t${entryToLine(entry)}\n`;
}

async function giveWay({ intake }: HttpContext, workedMs: number): Promise<void> {
  if (intake.status().entriesInFlight === 0) await nextTurn();
  else await sleep(workedMs * PAUSE_RATIO);
}
