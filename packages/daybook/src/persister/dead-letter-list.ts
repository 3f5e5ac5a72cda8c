/**
 * Lists dead letters, oldest stamp first, raw ones last. A range of stamps is a range of names; register and reason are
 * in the objects, so each letter of the range is read. The work of one call is bounded: a page may be short, or empty,
 * and tell where to go on.
 */
import { microsToFirstId } from '../id.ts';
import type { Objects } from '../objects/objects.ts';
import type { DeadLetter } from './dead-letter.ts';
import { DeadLetterDamagedError, isLetterId, isRawId } from './dead-letter.ts';
import { letterIdOf, letterName, LETTERS_PREFIX } from './dead-letter-name.ts';

export interface DeadLetterQuery {
  /** Raw letters are of no register. */
  readonly register?: string | undefined;
  /** Stamps, Unix microseconds: `from` inclusive, `to` exclusive. Raw letters have none. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** The code of the reason. */
  readonly reason?: string | undefined;
  /** Go on behind this id. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** A letter without what was given up on; or, damaged, what is wrong with it. */
export type DeadLetterSummary =
  | (Pick<DeadLetter, 'id' | 'reason' | 'attempts' | 'firstFailedAt' | 'lastFailedAt' | 'batch'> & {
      readonly register?: string;
      readonly receivedAt?: string;
    })
  | { readonly id: string; readonly damaged: string };

export interface DeadLetterPage {
  readonly letters: readonly DeadLetterSummary[];
  /** Pass as `after` to go on; undefined at the end. */
  readonly next: string | undefined;
}

/** Names of one request to the object storage. */
const NAMES_AT_ONCE = 200;
/** Letters that are read at the same time: each may be as large as the largest entry. */
const READ_AT_ONCE = 8;
/** A call that finds little among so many letters gives what it has. */
const MAX_READ = 1_000;

type Show = (id: string) => Promise<DeadLetter | undefined>;

/** @throws {ObjectsError} */
export async function listDeadLetters(
  objects: Pick<Objects, 'list'>,
  show: Show,
  query: DeadLetterQuery,
): Promise<DeadLetterPage> {
  const letters: DeadLetterSummary[] = [];
  let read = 0;
  for await (const ids of groupsOfIds(objects, query)) {
    for (const summary of await Promise.all(ids.map((id) => summarize(show, id)))) {
      if (summary === undefined || !matches(summary, query)) continue;
      letters.push(summary);
      if (letters.length === query.limit) return { letters, next: summary.id };
    }
    read += ids.length;
    if (read >= MAX_READ) return { letters, next: ids.at(-1) };
  }
  return { letters, next: undefined };
}

/** The ids of the range, in order, as many at once as may be read together. */
async function* groupsOfIds(
  objects: Pick<Objects, 'list'>,
  query: DeadLetterQuery,
): AsyncGenerator<readonly string[], void> {
  const end = query.to === undefined ? undefined : microsToFirstId(query.to);
  const wantsRaw = query.from === undefined && end === undefined && query.register === undefined;
  let after = startOf(query);
  for (;;) {
    const page = await objects.list({ prefix: LETTERS_PREFIX, after, limit: NAMES_AT_ONCE });
    const ids = page.objects.map(({ name }) => letterIdOf(name) ?? '').filter(isLetterId);
    const wanted = ids.filter((id) => (isRawId(id) ? wantsRaw : end === undefined || id < end));
    for (let start = 0; start < wanted.length; start += READ_AT_ONCE)
      yield wanted.slice(start, start + READ_AT_ONCE);
    const last = page.objects.at(-1);
    if (!page.more || last === undefined || wanted.length < ids.length) return;
    after = last.name;
  }
}

/** A name that sorts before all that are wanted. */
function startOf({ from, after }: DeadLetterQuery): string {
  const first = from === undefined ? LETTERS_PREFIX : LETTERS_PREFIX + microsToFirstId(from);
  const place = after === undefined ? '' : letterName(after);
  return place > first ? place : first;
}

async function summarize(show: Show, id: string): Promise<DeadLetterSummary | undefined> {
  try {
    const letter = await show(id);
    if (letter === undefined) return undefined; // Removed meanwhile.
    const { reason, attempts, firstFailedAt, lastFailedAt, batch } = letter;
    return {
      id,
      ...('entry' in letter && { register: letter.register, receivedAt: letter.receivedAt }),
      reason,
      attempts,
      firstFailedAt,
      lastFailedAt,
      ...(batch && { batch }),
    };
  } catch (thrown) {
    if (thrown instanceof DeadLetterDamagedError) return { id, damaged: thrown.message };
    throw thrown;
  }
}

/** What is damaged is shown unless something is asked of it. */
function matches(summary: DeadLetterSummary, { register, reason }: DeadLetterQuery): boolean {
  if ('damaged' in summary) return register === undefined && reason === undefined;
  return (
    (register === undefined || summary.register === register) &&
    (reason === undefined || summary.reason.code === reason)
  );
}
