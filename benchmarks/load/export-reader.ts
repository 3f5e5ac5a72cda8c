/**
 * Reads a register's whole NDJSON export over and over until the time is up, as fast as it comes.
 */
import type { ExportCommand, ExportResult } from './messages.ts';
import { readNdjsonLines } from './ndjson-lines.ts';

export async function runExport(command: ExportCommand): Promise<ExportResult> {
  const timeUp = AbortSignal.timeout(command.seconds * 1000);
  const startedAt = performance.now();
  let entries = 0;
  let bytes = 0;
  let completeExports = 0;
  while (!timeUp.aborted) {
    try {
      await readNdjsonLines(
        command.target,
        command.path,
        (_, start, end) => {
          entries += 1;
          bytes += end - start + 1;
        },
        timeUp,
      );
      completeExports += 1;
    } catch (error) {
      if (!timeUp.aborted) throw error;
    }
  }
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    entriesPerSecond: entries / seconds,
    megabytesPerSecond: bytes / seconds / 1e6,
    completeExports,
  };
}
