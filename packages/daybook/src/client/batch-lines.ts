/**
 * Cuts the lines of a batch of any length into requests.
 *
 * The server names line k of a batch under the key K `K/k`. So that a line keeps its name however the batch is cut, in
 * this run or in a repeat of it, names follow from the caller's own index alone: block = index / 10 000 has the key
 * `K.block`, and a request that begins in the middle of a block begins with as many empty lines (they count, and have no
 * result).
 */

/** The server takes as many lines in a request. */
export const BLOCK_LINES = 10_000;
/** The server takes 16 MiB; the rest is room for line feeds and the empty lines at the front. */
export const MAX_REQUEST_BYTES = 16 * 1024 * 1024 - 64 * 1024;

/** JSON text in one line (a string or bytes), or any other value: that is turned into JSON. */
export type BatchItem = string | Uint8Array | object | number | boolean | null;

interface BatchLineOfCaller {
  /** From 0, in the order of the caller. */
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** Lines that go into one request: in order, of one block, none of them empty. */
export type BatchChunk = readonly BatchLineOfCaller[];

const LINE_FEED = 0x0a;
const encoder = new TextEncoder();

/**
 * A chunk ends at its block's end, before it gets too large, and `lingerMs` after its first line was there, so that a
 * slow source is written as it comes.
 * @throws {TypeError} when an item has a line feed: it would be two lines.
 */
export async function* toChunks(
  items: Iterable<BatchItem> | AsyncIterable<BatchItem>,
  { lingerMs }: { lingerMs: number },
): AsyncGenerator<BatchChunk, void> {
  const source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const open = createOpenChunk(lingerMs);
  try {
    let next = source.next();
    for (let index = 0; ;) {
      const given = next instanceof Promise ? await Promise.race([next, open.overdue]) : next;
      if (given === OVERDUE) {
        yield open.take();
        continue;
      }
      if (given.done === true) break;
      const bytes = toLine(given.value, index);
      if (!open.isEmpty && (index % BLOCK_LINES === 0 || open.bytes + bytes.length >= MAX_REQUEST_BYTES)) {
        yield open.take();
      }
      if (!isBlank(bytes)) open.add({ index, bytes });
      index += 1;
      next = source.next();
    }
    if (!open.isEmpty) yield open.take();
  } finally {
    open.take();
    await source.return?.();
  }
}

const OVERDUE = Symbol('overdue');

/** The chunk that is being filled; `overdue` resolves some time after its first line. */
function createOpenChunk(lingerMs: number) {
  let lines: BatchLineOfCaller[] = [];
  let bytes = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let overdue = Promise.withResolvers<typeof OVERDUE>();
  return {
    get isEmpty() {
      return lines.length === 0;
    },
    get bytes() {
      return bytes;
    },
    get overdue() {
      return overdue.promise;
    },
    add(line: BatchLineOfCaller) {
      timer ??= setTimeout(overdue.resolve, lingerMs, OVERDUE);
      lines.push(line);
      bytes += line.bytes.length + 1;
    },
    /** Empties it. */
    take(): BatchChunk {
      clearTimeout(timer);
      timer = undefined;
      overdue = Promise.withResolvers();
      const taken = lines;
      lines = [];
      bytes = 0;
      return taken;
    },
  };
}

/** The body of a request: every line at its place within its block. */
export function toBody(lines: BatchChunk): Uint8Array<ArrayBuffer> {
  const places = lines.map(({ index }) => index % BLOCK_LINES);
  const size = lines.reduce((sum, { bytes }) => sum + bytes.length, (places.at(-1) ?? -1) + 1);
  const body = new Uint8Array(size).fill(LINE_FEED);
  let at = 0;
  let place = 0;
  for (const [k, { bytes }] of lines.entries()) {
    at += (places[k] ?? 0) - place;
    body.set(bytes, at);
    at += bytes.length + 1;
    place = (places[k] ?? 0) + 1;
  }
  return body;
}

function toLine(item: BatchItem, index: number): Uint8Array {
  const line =
    item instanceof Uint8Array
      ? item
      : encoder.encode(typeof item === 'string' ? item : JSON.stringify(item));
  if (line.includes(LINE_FEED)) {
    throw new TypeError(`lines[${index}]: expected JSON text in one line, given text with a line feed`);
  }
  return line;
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}
