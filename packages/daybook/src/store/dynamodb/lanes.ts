/**
 * The lanes of a table: one per region that writes to it, each with an item of its own that only its region writes. A
 * reader sees all of them; in a global table those of other regions arrive by replication.
 */
import { StartError } from '../../errors.ts';
import { systemTime } from '../../clock.ts';
import type { Lane } from '../store.ts';
import { StoreError } from '../store.ts';
import type { Item } from './item.ts';
import { keyItem, text, textAt } from './item.ts';
import { laneKey } from './keys.ts';
import type { Table } from './table.ts';
import { IF_ABSENT } from './transaction.ts';

export interface LaneRecord {
  readonly lane: string;
  /** New at creation, restore, rebuild and promotion. */
  readonly epoch: string;
  /** Where it is written. */
  readonly awsRegion: string;
  readonly registers: readonly string[];
}

export interface Lanes {
  /** Our own first, as they were when somebody last looked. */
  readonly known: readonly Lane[];
  /** Their names. A lane that another region opens is seen seconds after it came here. */
  current(): Promise<readonly string[]>;
  read(): Promise<readonly LaneRecord[]>;
  /**
   * Two regions may have opened a lane of one name before either heard of the other; from the last look on, the one whose
   * item was replaced stops. @throws {StoreError} `unavailable`.
   */
  assertOwn(): void;
}

const LOOK_AGAIN_AFTER_MS = 5_000;

function toLane(item: Item): LaneRecord {
  return {
    lane: textAt(item, 'sk') as string,
    epoch: textAt(item, 'epoch') as string,
    awsRegion: textAt(item, 'awsRegion') as string,
    registers: item['registers']?.SS ?? [],
  };
}

const toKnown = ({ lane, epoch }: LaneRecord): Lane => ({ name: lane, epoch });

/** @throws {StartError} when another AWS region writes a lane of this name: one of the two would overwrite the other. */
export async function openLane(
  table: Table,
  tableName: string,
  { lane, epoch, awsRegion }: Omit<LaneRecord, 'registers'>,
): Promise<LaneRecord> {
  const key = laneKey(lane);
  const [found] = await table.getMany([key]);
  if (found === undefined) {
    const item = { ...keyItem(key), epoch: text(epoch), awsRegion: text(awsRegion) };
    await table.transact([{ Put: { TableName: tableName, Item: item, ...IF_ABSENT } }]);
  }
  const [item] = found === undefined ? await table.getMany([key]) : [found];
  if (item === undefined)
    throw new StoreError('unavailable', 'unknown', `dynamodb: lane ${lane}: expected its item, found none`);
  const opened = toLane(item);
  if (opened.awsRegion === awsRegion) return opened;
  throw new StartError(
    `store: expected the region ${lane} to be written in ${opened.awsRegion}, as its lane in the table ${tableName} is, given ${awsRegion}: give each region a name of its own`,
  );
}

export function createLanes(table: Table, own: LaneRecord): Lanes {
  let known: readonly Lane[] = [toKnown(own)];
  let lookedAtMs: number | undefined;
  let writtenIn = own.awsRegion;

  async function read(): Promise<readonly LaneRecord[]> {
    const all: LaneRecord[] = [];
    for await (const item of table.query({ pk: laneKey(own.lane).pk })) all.push(toLane(item));
    known = [own, ...all.filter(({ lane }) => lane !== own.lane)].map(toKnown);
    writtenIn = all.find(({ lane }) => lane === own.lane)?.awsRegion ?? writtenIn;
    lookedAtMs = systemTime.monotonicMs();
    return all;
  }

  return {
    get known() {
      return known;
    },
    async current() {
      const nowMs = systemTime.monotonicMs();
      if (lookedAtMs === undefined || nowMs - lookedAtMs > LOOK_AGAIN_AFTER_MS) await read();
      return known.map(({ name }) => name);
    },
    read,
    assertOwn() {
      if (writtenIn === own.awsRegion) return;
      throw new StoreError(
        'unavailable',
        'not-written',
        `dynamodb: the region ${own.lane} is written in ${writtenIn} as well, expected a name of its own for ${own.awsRegion}`,
      );
    },
  };
}
