/**
 * Dead letters for people: a row of a list, and one of them whole.
 */
import type { DeadLetterPageView, DeadLetterView } from '../client/index.ts';
import { toTable } from './table.ts';
import { count, printable } from './terminal.ts';

const HEADING = ['RECEIVED AT (UTC)', 'ID', 'REGISTER', 'REASON', 'ATTEMPTS', 'MESSAGE'];
const MAX_MESSAGE = 120;

export function letterRows(letters: DeadLetterPageView['deadLetters'], withHeading: boolean): string[][] {
  const rows = letters.map(({ id, register = '', receivedAt = '', reason, attempts, damaged }) => [
    receivedAt,
    id,
    register,
    reason?.code ?? 'damaged',
    attempts === undefined ? '' : String(attempts),
    cut(printable(reason?.message ?? damaged ?? '')),
  ]);
  return withHeading ? [HEADING, ...rows] : rows;
}

/** Not safe for a terminal yet: the payload is a stranger's. */
export function letterToText(letter: DeadLetterView): string {
  const { id, register, receivedAt, reason, attempts, firstFailedAt, lastFailedAt, batch, payloadText } =
    letter;
  const bytes = payloadOf(letter);
  const type = letter.entry?.['contentType'];
  const what = letter.bytes === undefined ? 'payload' : 'message';
  const rows = [
    ['id', id],
    ['register', register],
    ['received at', receivedAt],
    ['reason', `${reason.code}: ${printable(reason.message)}`],
    ['attempts', `${attempts}, the first at ${firstFailedAt}, the last at ${lastFailedAt}`],
    ['batch', batch && `${batch.source}, number ${batch.n}`],
    [what, `${count(bytes.byteLength)} bytes${typeof type === 'string' ? ` of ${printable(type)}` : ''}`],
  ].filter((row): row is [string, string] => row[1] !== undefined);
  return toTable(rows) + (payloadText === undefined || payloadText === '' ? '' : `\n\n${payloadText}`);
}

/** The payload, or the message that does not decode; empty where there is none. */
export function payloadOf({ entry, bytes }: DeadLetterView): Buffer {
  const encoded = bytes ?? entry?.['payload'];
  return Buffer.from(typeof encoded === 'string' ? encoded : '', 'base64');
}

function cut(text: string): string {
  return text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE - 1)}…` : text;
}
