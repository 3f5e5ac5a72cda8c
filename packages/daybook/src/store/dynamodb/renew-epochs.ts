/**
 * A new epoch for every lane of a table that was restored. It has entries of the table it came from and goes on with
 * positions of its own: a cursor of before would skip what comes, so it must be refused.
 */
import { randomId } from '../../id.ts';
import { StoreError } from '../store.ts';
import { keyItem, text, textAt } from './item.ts';
import { laneKey } from './keys.ts';
import { createTable } from './table.ts';
import type { TableOptions } from './table.ts';

/**
 * For a table that no server has opened: one that has goes on with the epoch that it read. Repeating is harmless.
 * @returns the lanes, none for a table that Daybook never opened. @throws {StoreError} Lanes before it may have a new one.
 */
export async function renewEpochsOf(options: TableOptions): Promise<readonly string[]> {
  const table = createTable(options);
  const lanes: string[] = [];
  try {
    for await (const item of table.query({ pk: laneKey('').pk })) {
      const lane = textAt(item, 'sk') as string;
      const update = {
        TableName: options.table,
        Key: keyItem(laneKey(lane)),
        UpdateExpression: 'SET epoch = :epoch',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':epoch': text(randomId()) },
      };
      const { reasons } = await table.transact([{ Update: update }]);
      if (reasons !== undefined) throw notRenewed(lane, reasons[0]?.Code);
      lanes.push(lane);
    }
    return lanes;
  } finally {
    await table.close();
  }
}

/** @param code such as `TransactionConflict`, while somebody writes the lane. */
function notRenewed(lane: string, code: string | undefined): StoreError {
  const message = `dynamodb: lane ${lane}: expected that nobody writes to it, given ${code}: nothing was changed`;
  return new StoreError('unavailable', 'not-written', message);
}
