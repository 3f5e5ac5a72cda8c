/**
 * What a transaction of the DynamoDB store costs, in write units: 2 for each item of up to 1 KB, because it is a
 * transaction (docs/decisions/0011-dynamodb-layout.md, Cost).
 */

export interface TransactionShape {
  /** Of less than 1 KB each. */
  readonly entries: number;
  /** Each has a name on record. */
  readonly batches: number;
  /** Of entries that have an owner: each has a pointer of its own. */
  readonly owned?: number;
  /** Different owners among them: each has an item of its own in its log. */
  readonly owners?: number;
  /** Batches whose predecessor was stored by somebody else, and is looked for. */
  readonly checks?: number;
}

const UNITS_PER_ITEM = 2;
/** What an id takes in the log item: so many fit into a KB. */
const IDS_PER_KB = 20;

export function writeUnits({
  entries,
  batches,
  owned = 0,
  owners = 0,
  checks = 0,
}: TransactionShape): number {
  const logItem = Math.max(1, Math.ceil(entries / IDS_PER_KB));
  const ledgerRow = 1;
  return UNITS_PER_ITEM * (entries + batches + owned + owners + checks + logItem + ledgerRow);
}
