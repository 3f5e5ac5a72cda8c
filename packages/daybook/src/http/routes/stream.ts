/**
 * `GET /{register}` as NDJSON, CSV or text: everything in the range, as a stream. Reads page by page in short
 * transactions and gives way to writers, so that an export of any size disturbs nobody. A front that carries no streams
 * is given as much as it can carry, and a link to the rest.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

import type { StoredEntry } from '../../entry.ts';
import { idToStamp } from '../../id.ts';
import type { Register } from '../../register.ts';
import type { Answer } from '../answer.ts';
import { NDJSON_TYPE, TEXT_TYPE } from '../answer.ts';
import type { HttpContext } from '../context.ts';
import { CSV_HEADER, entryToCsv } from '../entry-csv.ts';
import { entryToJsonWithin, entryToLine } from '../entry-json.ts';
import type { Front } from '../front.ts';
import { answerTooLarge } from '../front.ts';
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

/** Some entries as text, with their ids. */
interface Piece {
  readonly lines: readonly string[];
  readonly ids: readonly string[];
}

/**
 * The first page is read before the answer begins: a store that cannot be read is told as a problem.
 * @param endsAtMs when the front stops waiting; milliseconds of `nowMs`.
 * @throws {DaybookError} ANSWER_TOO_LARGE where not even one entry can be carried.
 */
export async function exportAnswer(
  context: HttpContext,
  view: RegisterView,
  parameters: ListParameters,
  format: StreamFormat,
  endsAtMs: number,
): Promise<Answer> {
  const range = readRange(parameters);
  const limit = wholeNumberOf('limit', parameters.limit, {
    from: 1,
    to: Number.MAX_SAFE_INTEGER,
    fallback: Infinity,
  });
  // Without an end an export in ascending order would follow the writers for ever.
  const to = Math.min(range.to ?? Infinity, context.nowMicros());
  const pieces = createPieces(context, view, { ...range, to }, limit, format);
  const head = format === 'csv' ? CSV_HEADER : '';
  const headers = {
    'content-type': TYPES[format],
    ...(format === 'csv' && { 'content-disposition': `attachment; filename="${view.register.name}.csv"` }),
  };
  if (!context.front.streams) {
    const { body, after, count } = await collect(context, pieces, head, endsAtMs);
    if (after === undefined) return { status: 200, headers, body };
    const href = nextHref(context, view, { ...parameters, format }, after, limit - count);
    return { status: 200, headers: { ...headers, link: `<${href}>; rel="next"` }, body };
  }
  const first = await pieces.next();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => give(controller, first, head),
    pull: async (controller) => give(controller, await pieces.next()),
    async cancel() {
      await pieces.return(undefined);
    },
  });
  return { status: 200, headers, body };
}

function give(
  controller: ReadableStreamDefaultController<Uint8Array>,
  piece: IteratorResult<Piece, undefined>,
  head = '',
): void {
  const text = piece.done === true ? head : head + piece.value.lines.join('');
  if (text !== '') controller.enqueue(Buffer.from(text));
  if (piece.done === true) controller.close();
}

/** @returns as many entries as fit, and the last of them when there are more. @throws {DaybookError} ANSWER_TOO_LARGE */
async function collect(
  { front, nowMs }: HttpContext,
  pieces: AsyncGenerator<Piece, undefined>,
  head: string,
  endsAtMs: number,
): Promise<{ readonly body: string; readonly after: string | undefined; readonly count: number }> {
  const taken: string[] = [head];
  let bytes = Buffer.byteLength(head);
  let after: string | undefined;
  const end = (last?: string) => ({ body: taken.join(''), after: last, count: taken.length - 1 });
  for await (const { lines, ids } of pieces) {
    if (after !== undefined && nowMs() >= endsAtMs) return end(after);
    for (const [index, line] of lines.entries()) {
      bytes += Buffer.byteLength(line);
      if (bytes > front.maxAnswerBytes) {
        if (after === undefined) throw answerTooLarge(front, `the entry ${ids[index]} alone is larger`);
        return end(after);
      }
      taken.push(line);
      after = ids[index];
    }
  }
  return end();
}

function nextHref(
  { config }: HttpContext,
  { register }: RegisterView,
  parameters: ListParameters,
  after: string,
  left: number,
): string {
  const { cursor: _, limit: __, ...rest } = parameters;
  const limit = left === Infinity ? {} : { limit: String(left) };
  return `${config.basePath}/${register.name}?${new URLSearchParams({ ...rest, ...limit, after }).toString()}`;
}

async function* createPieces(
  context: HttpContext,
  view: RegisterView,
  range: ListRange,
  limit: number,
  format: StreamFormat,
): AsyncGenerator<Piece, undefined> {
  const formatted = formatter(context.front, view.register, format);
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
    const piece = { lines: page.entries.map(formatted), ids: page.entries.map(({ id }) => id) };
    const workedMs = context.nowMs() - startedMs;
    if (piece.lines.length > 0) yield piece;
    left -= page.entries.length;
    after = page.entries.at(-1)?.id;
    if (!page.more) return undefined;
    await giveWay(context, workedMs);
  }
  return undefined;
}

function formatter(
  { maxAnswerBytes }: Front,
  register: Register,
  format: StreamFormat,
): (entry: StoredEntry) => string {
  if (format === 'ndjson') return (entry) => `${entryToJsonWithin(maxAnswerBytes - 1, register, entry)}\n`;
  if (format === 'csv') return entryToCsv;
  return (entry) => `${idToStamp(entry.id)}\t${entry.id}\t${entryToLine(entry)}\n`;
}

async function giveWay({ intake }: HttpContext, workedMs: number): Promise<void> {
  if (intake.status().entriesInFlight === 0) await nextTurn();
  else await sleep(workedMs * PAUSE_RATIO);
}
