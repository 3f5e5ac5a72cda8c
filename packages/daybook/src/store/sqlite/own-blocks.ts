/**
 * Which positions are a subject's own: the rows of `own_block`, a bit for each of 32 positions. A tail of one's own is read
 * by them, so that it costs what the subject has and touches nothing of others.
 */
import type { DatabaseSync } from 'node:sqlite';

/** A row's members are a whole number that JavaScript has without loss. */
const OWN_BLOCK_POSITIONS = 32;

interface OwnBlockRow {
  readonly block: number;
  readonly members: number;
}

/** Of the writer; within its transaction. */
export interface OwnBlocks {
  /** Adds the positions of a range, both ends included. */
  add(register: string, subject: string, first: number, last: number): void;
  remove(register: string, subject: string, positions: readonly number[]): void;
}

export function createOwnBlocks(db: DatabaseSync): OwnBlocks {
  const add = db.prepare(
    `INSERT INTO own_block (register, subject, block, members) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET members = members | excluded.members`,
  );
  const key = 'register = :register AND subject = :subject AND block = :block';
  const remove = db.prepare(`UPDATE own_block SET members = members & ~:members WHERE ${key}`);
  const removeEmpty = db.prepare(`DELETE FROM own_block WHERE ${key} AND members = 0`);

  return {
    add(register, subject, first, last) {
      for (let block = ownBlockOf(first); block <= ownBlockOf(last); block += 1) {
        const start = block * OWN_BLOCK_POSITIONS;
        const from = Math.max(first - start, 0);
        const to = Math.min(last - start, OWN_BLOCK_POSITIONS - 1);
        add.run(register, subject, block, 2 ** (to + 1) - 2 ** from);
      }
    },
    remove(register, subject, positions) {
      const blocks = new Map<number, number>();
      for (const position of positions) {
        const block = ownBlockOf(position);
        blocks.set(block, (blocks.get(block) ?? 0) + 2 ** (position % OWN_BLOCK_POSITIONS));
      }
      for (const [block, members] of blocks) {
        remove.run({ register, subject, block, members });
        removeEmpty.run({ register, subject, block });
      }
    },
  };
}

/** Of the reader: the positions of a subject behind another one, in order, as many as there are in so many blocks. */
export type OwnPositions = (
  query: { readonly register: string; readonly subject: string; readonly after: number },
  blocks: number,
) => Generator<number>;

export function createOwnPositions(db: DatabaseSync): OwnPositions {
  const blocksFrom = db.prepare(
    `SELECT block, members FROM own_block
     WHERE register = :register AND subject = :subject AND block >= :block ORDER BY block LIMIT :blocks`,
  );
  return function* ownPositions({ register, subject, after }, blocks) {
    const rows = blocksFrom.iterate({ register, subject, block: ownBlockOf(after), blocks });
    for (const { block, members } of rows as Iterable<unknown> as Iterable<OwnBlockRow>) {
      for (let bit = 0; bit < OWN_BLOCK_POSITIONS; bit += 1) {
        const position = block * OWN_BLOCK_POSITIONS + bit;
        if (((members >>> bit) & 1) === 1 && position > after) yield position;
      }
    }
  };
}

function ownBlockOf(position: number): number {
  return Math.floor(position / OWN_BLOCK_POSITIONS);
}
