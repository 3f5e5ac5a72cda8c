/**
 * Reads the register back through its NDJSON export and looks for every acknowledged id, exactly once.
 */
import { UUID_CHARACTERS } from './acknowledged-ids.ts';
import type { AcknowledgedIds } from './acknowledged-ids.ts';
import type { ReadBackCommand, ReadBackResult } from './messages.ts';
import { readNdjsonLines } from './ndjson-lines.ts';

/** How long one read-back may take before the run is given up. */
const READ_BACK_TIMEOUT_MS = 300_000;
const NAMED_LOST_IDS = 5;
const LINE_START = '{"id":"';

export async function runReadBack(command: ReadBackCommand, ids: AcknowledgedIds): Promise<ReadBackResult> {
  const startedAt = performance.now();
  const check = ids.check();
  const id = Buffer.alloc(UUID_CHARACTERS);
  await readNdjsonLines(
    command.target,
    command.path,
    (bytes, start, end) => {
      if (bytes.toString('latin1', start, start + LINE_START.length) === LINE_START) {
        check.see(bytes, start + LINE_START.length);
        return;
      }
      const entry = JSON.parse(bytes.toString('utf8', start, end)) as { id?: unknown };
      if (typeof entry.id !== 'string' || entry.id.length !== UUID_CHARACTERS) {
        throw new Error(
          `an exported line has no id: ${bytes.toString('utf8', start, Math.min(end, start + 200))}`,
        );
      }
      id.write(entry.id, 'latin1');
      check.see(id, 0);
    },
    AbortSignal.timeout(READ_BACK_TIMEOUT_MS),
  );
  return {
    acknowledged: ids.count,
    acknowledgedTwice: check.acknowledgedTwice,
    found: check.found,
    lost: ids.count - check.acknowledgedTwice - check.found,
    foundTwice: check.foundTwice,
    others: check.others,
    firstLostIds: check.lost(NAMED_LOST_IDS),
    seconds: (performance.now() - startedAt) / 1000,
  };
}
