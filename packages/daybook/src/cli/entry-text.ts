/**
 * An entry in a line for people. Made from its JSON text, not from the parsed entry: numbers beyond 2^53 would be shown
 * as others than were received.
 */
import type { EntryView } from '../client/index.ts';
import { isJsonType } from '../entry.ts';
import { count, printable } from './terminal.ts';
import type { Terminal } from './terminal.ts';

/** As wide as every stamp and id. */
const STAMP_WIDTH = 27;
const ID_WIDTH = 36;
const GAP = '  ';

/** Stamp, id, payload; cut to the width of the terminal, whole where it is none. */
export function toEntryLine(json: string, terminal: Terminal): string {
  const entry = parseExactly(json);
  const head = `${entry.receivedAt}${GAP}${terminal.paint('dim', entry.id)}`;
  const room = terminal.width && terminal.width - STAMP_WIDTH - ID_WIDTH - 2 * GAP.length;
  const payload = cut(describePayload(entry), room);
  return payload === '' ? head : `${head}${GAP}${payload}`;
}

export function entryHeading(terminal: Terminal): string {
  const heading = ['RECEIVED AT (UTC)'.padEnd(STAMP_WIDTH), 'ID'.padEnd(ID_WIDTH), 'PAYLOAD'].join(GAP);
  return terminal.paint('bold', heading);
}

function describePayload({ payload, payloadEncoding, contentType = '' }: EntryView): string {
  if (payload === undefined) return '';
  if (payloadEncoding === 'base64' && typeof payload === 'string') {
    const bytes = Buffer.byteLength(payload, 'base64');
    return printable(`(${count(bytes)} bytes of ${contentType || 'no type'})`);
  }
  return printable(
    typeof payload === 'string' && !isJsonType(contentType) ? payload : JSON.stringify(payload),
  );
}

function cut(text: string, room: number | undefined): string {
  if (room === undefined || text.length <= room) return text;
  return `${text.slice(0, Math.max(0, room - 1))}…`;
}

/** `JSON.rawJSON` and the third argument of a reviver (ES "JSON.parse source text access") have no types yet. */
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };

function parseExactly(json: string): EntryView {
  return JSON.parse(json, keepDigits) as EntryView;
}

function keepDigits(_: string, value: unknown, { source }: { source?: string } = {}): unknown {
  return typeof value === 'number' && source !== undefined && String(value) !== source
    ? rawJSON(source)
    : value;
}
