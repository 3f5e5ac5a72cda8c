/**
 * Turns the exchanges of a session into text that is the same for every pair of queue and store. Ids, stamps and cursors
 * become names in the order of their appearance; what a capability of the drivers may change is listed in
 * {@link DIFFERENCES}, checked against the pair, and becomes a name, too. Nothing else may differ.
 */
import assert from 'node:assert/strict';

import type { DurabilityLevel } from '../../src/durability.ts';
import { satisfiesDurability } from '../../src/durability.ts';
import { idToMicros, idToStamp } from '../../src/id.ts';
import type { Exchange } from './recorder.ts';

/** What a pair can do, as far as a client sees it. */
export interface PairTraits {
  readonly hasQueue: boolean;
  /** Of what acknowledges a write without a key: the queue, or the store where there is none. */
  readonly firstLevel: DurabilityLevel;
  readonly storeLevel: DurabilityLevel;
  /** Whether it is known how far everything is settled. */
  readonly settled: boolean;
}

interface Difference {
  readonly why: string;
  /** Where it stands: behind the first group, in the second. */
  readonly pattern: RegExp;
  /** What this pair has to say there. @param toQueue a write without a key, which goes to the queue if there is one. */
  readonly expected: (traits: PairTraits, toQueue: boolean) => RegExp;
  /** What the transcript has in its place. */
  readonly written: string;
}

const LEVEL = 'memory|page-cache|fsync|replicated|replicated-fsync';

const DIFFERENCES: readonly Difference[] = [
  {
    why: 'with a queue a write is acknowledged when the queue has it: 202 in place of 201',
    pattern: /^(HTTP )(20[12])$/gm,
    expected: ({ hasQueue }, toQueue) => (toQueue && hasQueue ? /^202$/ : /^201$/),
    written: '<201 or 202>',
  },
  {
    why: '… and its line of the answer to a batch says so',
    pattern: /("line":\d+,"status":)(20\d)/g,
    expected: ({ hasQueue }, toQueue) => (toQueue && hasQueue ? /^202$/ : /^201$/),
    written: '<201 or 202>',
  },
  {
    why: '… and its receipt',
    pattern: /("status":")(stored|queued)(?=","durability")/g,
    expected: ({ hasQueue }, toQueue) => (toQueue && hasQueue ? /^queued$/ : /^stored$/),
    written: '<stored or queued>',
  },
  {
    why: 'a batch names one level, which every one of its lines has',
    pattern: new RegExp(`(^HTTP 200\\n(?:.+\\n)*daybook-durability: )(${LEVEL})$`, 'gm'),
    expected: ({ firstLevel, storeLevel }, toQueue) =>
      new RegExp(`^${toQueue || satisfiesDurability(storeLevel, firstLevel) ? firstLevel : storeLevel}$`),
    written: '<level>',
  },
  {
    why: 'the durability level is that of the driver which has the entry',
    pattern: new RegExp(`(daybook-durability: |"durability":")(${LEVEL})(?=\\n|")`, 'g'),
    expected: ({ firstLevel, storeLevel }, toQueue) => new RegExp(`^${toQueue ? firstLevel : storeLevel}$`),
    written: '<level>',
  },
  {
    why: 'without a queue there is nothing to wait for, so no preference is applied',
    pattern: /()(preference-applied: .*\n)/g,
    expected: ({ hasQueue }) => (hasQueue ? /./ : /(?!)/),
    written: '',
  },
  {
    why: 'how far all is settled cannot be known of every queue',
    pattern: /("settledThrough":)("[^"]*"|null)/g,
    expected: ({ settled }) => (settled ? /^"\d{4}-\d\d-\d\dT[\d:.]{15}Z"$/ : /^null$/),
    written: '<a stamp or null>',
  },
];

/** Of the connection, or counted from what differs. */
const LEFT_OUT = new Set(['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding']);
const ID = /\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b/g;
/** In links as parameters are written. */
const STAMP = /\b\d{4}-\d\d-\d\dT\d\d(?::|%3A)\d\d(?::|%3A)\d\d\.\d{6}Z/g;
const CURSOR = /\beyJ[\w-]+\.[\w-]{6}(?![\w-])/g;

export function toTranscript(exchanges: readonly Exchange[], traits: PairTraits): string {
  const names = createNames();
  return exchanges.map((exchange, index) => `#${index + 1} ${toText(exchange, traits, names)}`).join('\n');
}

function toText(exchange: Exchange, traits: PairTraits, names: (text: string) => string): string {
  const { title, method, path, sent, sentBody, status, headers, body } = exchange;
  const heads = headers.filter(([name]) => !LEFT_OUT.has(name)).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const request = message(`${method} ${path}`, Object.entries(sent), sentBody);
  const answer = message(`HTTP ${status}`, heads, summed(body));
  const agreed = DIFFERENCES.reduce((text, { why, pattern, expected, written }) => {
    const due = expected(traits, exchange.toQueue);
    return text.replace(pattern, (_, before: string, given: string) => {
      assert.match(given, due, `${title}: ${why}`);
      return before + written;
    });
  }, answer);
  return `${title}\n\n${names(request)}\n${names(agreed)}`;
}

function message(
  first: string,
  headers: readonly (readonly [string, string])[],
  body: Buffer | undefined,
): string {
  const lines = [first, ...headers.map(([name, value]) => `${name}: ${value}`), ''];
  if (body !== undefined && body.length > 0) lines.push(readable(body), '');
  return lines.join('\n');
}

/** Counts by time depend on when the session was; their sum does not. Ledger rows likewise. */
function summed(body: Buffer): Buffer {
  const text = body.toString();
  if (!/^\{"register":"[^"]+","bucket":|^\{"balanced":/.test(text)) return body;
  const { register, bucket, total, buckets, balanced, totals, queued, lost } = JSON.parse(text) as Record<
    string,
    unknown
  > & { buckets?: { count: number }[] };
  const sum = buckets?.reduce((all, { count }) => all + count, 0);
  return Buffer.from(JSON.stringify({ register, bucket, total, sum, balanced, totals, queued, lost }));
}

/** Text as it is, but for control characters; bytes that are no text in hexadecimal. */
function readable(bytes: Buffer): string {
  const text = bytes.toString();
  if (!Buffer.from(text).equals(bytes)) return `(hexadecimal) ${bytes.toString('hex')}`;
  return text.replace(/\n$/, '').replace(/[^\P{Cc}\n\t]/gu, (control) => encodeURIComponent(control));
}

/** Gives every id its name when it is first seen, and a stamp that of the id which it belongs to. */
function createNames(): (text: string) => string {
  const ids = new Map<string, string>();
  const stamps = new Map<string, string>();
  function nameOf(id: string): string {
    const known = ids.get(id);
    if (known !== undefined) return known;
    const name = `<id ${ids.size + 1}>`;
    ids.set(id, name);
    stamps.set(idToStamp(id), `<stamp of ${name.slice(1, -1)}>`);
    stamps.set(String(Math.floor(idToMicros(id) / 1000)), `<milliseconds of ${name.slice(1, -1)}>`);
    return name;
  }
  return (text) =>
    text
      .replace(CURSOR, '<cursor>')
      .replace(ID, nameOf)
      .replace(STAMP, (stamp) => stamps.get(decodeURIComponent(stamp)) ?? stamp)
      .replace(/(?<="epochMs":)\d+/g, (ms) => stamps.get(ms) ?? ms)
      .replace(/^(daybook-version: ).*/m, '$1<version>')
      .replace(/^(authorization: Bearer ).*/m, '$1<the admin key>');
}
