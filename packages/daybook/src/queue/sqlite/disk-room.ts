/**
 * Keeps room on the disk for acknowledgements. To delete takes space before it gives any back, so a queue that had filled
 * its disk could never be drained; it refuses to take more while there is still enough to let go of what it has.
 */
import { statfsSync } from 'node:fs';

import { ThreadFailure } from '../../sqlite/thread-server.ts';

export interface DiskRoom {
  /** @throws {ThreadFailure} `disk-full` when so many bytes would go into what is kept. */
  assertFor(bytes: number): void;
}

/** As much as the write-ahead log may hold: its pages need a place in the file before the log is used again. */
const KEPT_BYTES = 64 * 1024 * 1024;
/** On a small file system no more than this part of it. */
const KEPT_PART = 1 / 4;

export function createDiskRoom(directory: string): DiskRoom {
  return {
    assertFor(bytes) {
      const { bavail, blocks, bsize } = statfsSync(directory);
      const kept = Math.min(KEPT_BYTES, blocks * bsize * KEPT_PART);
      const free = bavail * bsize;
      if (free - bytes >= kept) return;
      const message = `database or disk is full: expected ${kept} bytes free besides ${bytes} to be written, given ${free}`;
      throw new ThreadFailure({ reason: 'disk-full', outcome: 'not-written', message });
    },
  };
}
