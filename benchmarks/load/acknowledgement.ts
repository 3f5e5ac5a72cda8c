/**
 * Reads an answer to a write: counts what was acknowledged, remembers the ids, and counts everything else as refused.
 *
 * Rules: a single POST is acknowledged by 201, before a queue by 202; a batch by 200 and a result line with `"status":201` per entry.
 */
import type { AcknowledgedIds } from './acknowledged-ids.ts';

export interface Acknowledgements {
  readonly entries: number;
  readonly refused: Readonly<Record<string, number>>;
  take(status: number, bytes: Buffer, bodyStart: number, bodyEnd: number): void;
}

const ID_MARK = Buffer.from('"id":"');
const STORED_MARK = Buffer.from('"status":201');

/** Without `ids` the answers are only counted (peers, which are not read back). */
export function createAcknowledgements(
  linesPerRequest: number | null,
  ids: AcknowledgedIds | null,
): Acknowledgements {
  let entries = 0;
  const refused: Record<string, number> = {};

  function refuse(what: string, count: number): void {
    refused[what] = (refused[what] ?? 0) + count;
  }

  function takeSingle(status: number, bytes: Buffer, bodyStart: number, bodyEnd: number): void {
    if (status !== 201 && status !== 202) return refuse(String(status), 1);
    entries += 1;
    if (ids === null) return;
    const at = bytes.indexOf(ID_MARK, bodyStart);
    if (at === -1 || at >= bodyEnd) return refuse(`${status} without an id`, 1);
    ids.add(bytes, at + ID_MARK.length);
  }

  function takeBatch(lines: number, status: number, bytes: Buffer, bodyStart: number, bodyEnd: number): void {
    if (status !== 200) return refuse(String(status), 1);
    let acknowledged = 0;
    let at = bytes.indexOf(STORED_MARK, bodyStart);
    while (at !== -1 && at < bodyEnd) {
      acknowledged += 1;
      const idAt = bytes.indexOf(ID_MARK, at);
      if (idAt === -1 || idAt >= bodyEnd) return refuse('batch line without an id', 1);
      ids?.add(bytes, idAt + ID_MARK.length);
      at = bytes.indexOf(STORED_MARK, idAt);
    }
    entries += acknowledged;
    if (acknowledged !== lines) refuse('batch line', lines - acknowledged);
  }

  return {
    get entries() {
      return entries;
    },
    refused,
    take(status, bytes, bodyStart, bodyEnd) {
      if (linesPerRequest === null) takeSingle(status, bytes, bodyStart, bodyEnd);
      else takeBatch(linesPerRequest, status, bytes, bodyStart, bodyEnd);
    },
  };
}
