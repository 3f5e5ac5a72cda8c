/**
 * Deletes log items that list nothing any more, with what says which subjects they are about. Numbers stay dense to a
 * reader: in the same transaction the item behind them says that it stands for theirs too. The log's newest item stays,
 * since writers go on from it; and so does what is young, because a writer that knows an old end would otherwise find a
 * number free that was given already.
 *
 * Nothing depends on it: what a crash or another process at the same time leaves behind is met by a later call, which
 * looks back from the first item that it deletes.
 */
import { placeKey } from './buckets.ts';
import type { DueEntry } from './due.ts';
import type { Write } from './item.ts';
import { keyItem, number } from './item.ts';
import type { ItemKey } from './keys.ts';
import { logKey, logOf, ownKey, ownerOf, pad } from './keys.ts';
import type { Listed, LogItem } from './log.ts';
import { listedIn, logItemKey, toLogItem } from './log.ts';
import { toPlace } from './place-item.ts';
import type { Table } from './table.ts';
import { MAX_WRITES } from './transaction.ts';

export interface TrimOptions {
  readonly table: Table;
  readonly tableName: string;
  readonly lane: string;
  /** A log item stays for so long at least. */
  readonly logKeptMicros: number;
}

/** Looked at behind the first one that goes. */
const MAX_LEFT_BEHIND = 100;
/** Whether an entry is still there is asked for so many at once: the first one that is ends the question. */
const ASKED_AT_ONCE = 10;

/** @param taken entries that were just deleted. */
export async function trimLog(
  { table, tableName, lane, logKeptMicros }: TrimOptions,
  taken: readonly DueEntry[],
): Promise<void> {
  const ids = new Set(taken.map(({ id }) => id));
  const touched = new Map<number, LogItem>();
  const numbers = [...new Set(taken.map(({ position }) => logOf(position)))];
  for (const item of await readItems(numbers)) touched.set(item.n, item);

  async function readItems(all: readonly number[]): Promise<LogItem[]> {
    return (await table.getMany(all.map((n) => logItemKey(lane, n)))).map(toLogItem);
  }

  async function isEmpty(item: LogItem): Promise<boolean> {
    const all = listedIn(item);
    if (all.length === 0 || item.end.storedAt > table.nowMicros() - logKeptMicros) return false;
    const rest = all.filter(({ id }) => !ids.has(id));
    for (let at = 0; at < rest.length; at += ASKED_AT_ONCE) {
      if (await anyIsThere(rest.slice(at, at + ASKED_AT_ONCE))) return false;
    }
    return true;
  }

  async function anyIsThere(some: readonly Listed[]): Promise<boolean> {
    const keys = some.map(({ id, run }) => placeKey({ lane, ...run }, run.shards, id));
    const positions = new Set(some.map(({ position }) => position));
    const items = await table.getMany(keys, ['mark', 'position']);
    // One that came again after it had expired is listed elsewhere.
    return items.map(toPlace).some((place) => place.at === 'stored' && positions.has(place.position));
  }

  async function itemsLeftBehind({ standsFrom }: LogItem): Promise<LogItem[]> {
    const left: LogItem[] = [];
    for (let n = standsFrom - 1; n > 0 && left.length < MAX_LEFT_BEHIND;) {
      const [item] = await readItems([n]);
      if (item === undefined || !(await isEmpty(item))) break;
      left.push(item);
      n = item.standsFrom - 1;
    }
    return left;
  }

  /** The item that comes next, of each that has one: the log's end has none. */
  async function successorsOf(runs: readonly (readonly LogItem[])[]): Promise<Map<LogItem, LogItem>> {
    const lasts = runs.flatMap((run) => run.at(-1) ?? []);
    const next = lasts.map(({ n }) => n + 1);
    const unknown = next.filter((n) => !touched.has(n));
    const known = new Map([...touched, ...(await readItems(unknown)).map((item) => [item.n, item] as const)]);
    const successors = new Map<LogItem, LogItem>();
    for (const last of lasts) {
      const successor = known.get(last.n + 1) ?? (await firstFrom(last.n + 1));
      if (successor !== undefined) successors.set(last, successor);
    }
    return successors;
  }

  async function firstFrom(n: number): Promise<LogItem | undefined> {
    for await (const item of table.query({ pk: logKey(lane), from: pad(n), pageItems: 1 }))
      return toLogItem(item);
    return undefined;
  }

  function deletionsOf(item: LogItem): Write[] {
    const owners = item.runs.flatMap(({ register, owners = {} }) =>
      Object.keys(owners).map((owner) => ownKey(lane, register, owner, item.n)),
    );
    const own = new Map(owners.map((key) => [key.pk, key]));
    return [{ Delete: { TableName: tableName, ...asItStands(item) } }, ...[...own.values()].map(deletionOf)];
  }

  function deletionOf(key: ItemKey): Write {
    return { Delete: { TableName: tableName, Key: keyItem(key) } };
  }

  function standFor(item: LogItem, standsFrom: number): Write {
    const { ExpressionAttributeValues, ...condition } = asItStands(item);
    return {
      Update: {
        TableName: tableName,
        ...condition,
        UpdateExpression: 'SET standsFrom = :from',
        ExpressionAttributeValues: { ...ExpressionAttributeValues, ':from': number(standsFrom) },
      },
    };
  }

  /** That nobody deleted it, or numbers before it, in the meantime. */
  function asItStands({ n, standsFrom }: LogItem) {
    const alone = standsFrom === n;
    return {
      Key: keyItem(logItemKey(lane, n)),
      ConditionExpression: alone
        ? 'attribute_exists(pk) AND attribute_not_exists(standsFrom)'
        : 'standsFrom = :seen',
      ...(!alone && { ExpressionAttributeValues: { ':seen': number(standsFrom) } }),
    };
  }

  /** Each for one transaction. From the last item down, so that whatever is left still has one behind it. */
  function partsOf(run: readonly LogItem[], successor: LogItem | undefined): Write[][] {
    const parts: Write[][] = [];
    // The log's end stays, and stands for the others.
    const left = successor === undefined ? run.slice(0, -1) : [...run];
    let behind = successor ?? run.at(-1);
    while (behind !== undefined && left.length > 0) {
      const deletions: Write[] = [];
      let { standsFrom } = behind;
      for (let item = left.at(-1); item !== undefined; item = left.at(-1)) {
        const more = deletionsOf(item);
        if (deletions.length + more.length + 1 > MAX_WRITES) break;
        deletions.push(...more);
        ({ standsFrom } = item);
        left.pop();
      }
      parts.push([standFor(behind, standsFrom), ...deletions]);
      behind = { ...behind, standsFrom };
    }
    return parts;
  }

  /** Several parts at once; where another process is in the way, each by itself, and that one is at it. */
  async function send(parts: readonly Write[][]): Promise<void> {
    const { reasons } = await table.transact(parts.flat());
    if (reasons !== undefined && parts.length > 1) for (const part of parts) await table.transact(part);
  }

  /** Which subjects have nothing left in an item that stays. */
  async function forgetOwners(item: LogItem): Promise<void> {
    const owned = taken.filter(({ subject, position }) => subject !== '' && logOf(position) === item.n);
    const keys = new Map(
      owned.map(({ register, subject }) => {
        const owner = ownerOf(subject);
        return [`${register} ${owner}`, { register, owner }];
      }),
    );
    const gone = [...keys.values()].filter(({ register, owner }) =>
      listedIn(item, owner).every(({ id, run }) => run.register !== register || ids.has(id)),
    );
    const deletions = gone.map(({ register, owner }) => deletionOf(ownKey(lane, register, owner, item.n)));
    if (deletions.length > 0) await table.transact(deletions);
  }

  const empty: LogItem[] = [];
  for (const item of touched.values()) {
    if (await isEmpty(item)) empty.push(item);
    else await forgetOwners(item);
  }
  empty.sort((a, b) => a.n - b.n);
  if (empty[0] !== undefined) empty.unshift(...(await itemsLeftBehind(empty[0])).toReversed());
  const runs = runsOf(empty);
  const successors = await successorsOf(runs);
  let parts: Write[][] = [];
  for (const part of runs.flatMap((run) => partsOf(run, successors.get(run.at(-1) as LogItem)))) {
    if (parts.flat().length + part.length > MAX_WRITES) {
      await send(parts);
      parts = [];
    }
    parts.push(part);
  }
  if (parts.length > 0) await send(parts);
}

/** Items that follow one another. */
function runsOf(items: readonly LogItem[]): LogItem[][] {
  const runs: LogItem[][] = [];
  for (const item of items) {
    const run = runs.at(-1);
    if (run !== undefined && run.at(-1)?.n === item.standsFrom - 1) run.push(item);
    else runs.push([item]);
  }
  return runs;
}
