/**
 * What retention did to a register: its line, before which every stamp may have expired, and the newest position that
 * did. The line is there before anything behind it is deleted. So an entry that a log item lists, that is not there, and
 * whose stamp is before the line, has expired; one behind the line is only not there yet.
 */
import { idToMicros } from '../../id.ts';
import type { Write } from './item.ts';
import { keyItem, number, numberAt } from './item.ts';
import { retentionKey } from './keys.ts';
import type { Table } from './table.ts';

export interface RetentionState {
  /** Unix microseconds; 0 when nothing ever expired. */
  readonly line: number;
  /** Position of the newest entry that expired; 0 when none did. */
  readonly through: number;
}

export interface Retained {
  readonly tableName: string;
  readonly lane: string;
  readonly register: string;
}

export async function readRetention(
  table: Table,
  { lane, register }: Omit<Retained, 'tableName'>,
): Promise<RetentionState> {
  const [item] = await table.getMany([retentionKey(lane, register)]);
  if (item === undefined) return { line: 0, through: 0 };
  return { line: numberAt(item, 'line'), through: numberAt(item, 'through') };
}

export function isBehindLine({ line }: RetentionState, id: string): boolean {
  return idToMicros(id) < line;
}

/** Both only ever grow: the write is refused when somebody moved it as far or further. */
export function moveWrite(of: Retained, name: keyof RetentionState, to: number): Write {
  return {
    Update: {
      TableName: of.tableName,
      Key: keyItem(retentionKey(of.lane, of.register)),
      UpdateExpression: 'SET #name = :to',
      ConditionExpression: 'attribute_not_exists(#name) OR #name < :to',
      ExpressionAttributeNames: { '#name': name },
      ExpressionAttributeValues: { ':to': number(to) },
    },
  };
}
