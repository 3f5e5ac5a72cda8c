/**
 * What has to be done beside reading and writing: months are made ahead of time, and space that retention freed is given
 * back. Each time on a connection that is made for it, one thing after the other, never in the path of a write.
 */
import { toError } from '../../errors.ts';
import type { Connection } from './connection.ts';
import { makePartitions } from './partitions.ts';
import { giveSpaceBack } from './space.ts';

export interface Upkeep {
  /** Retention took entries and found no more. */
  spaceWasFreed(): void;
  /** Ends what is under way; it is taken up again at another time. */
  close(): Promise<void>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Registers expire one after the other: their space is given back together. */
const SPACE_DELAY_MS = 10_000;
/** Retention takes a little every minute; it is worth a look only when more has come together. */
const SPACE_REST_MS = 10 * 60_000;

/** Looks after everything once a day as well; what failed is tried again within the hour. */
export function createUpkeep(connect: () => Promise<Connection>, onFailure: (error: Error) => void): Upkeep {
  let daily = setTimeout(lookDaily, DAY_MS).unref();
  let afterSweep: NodeJS.Timeout | undefined;
  let resting: NodeJS.Timeout | undefined;
  let freedMeanwhile = false;
  let looking = Promise.resolve();
  let current: Connection | undefined;
  let closed = false;

  function lookDaily(): void {
    looking = lookAndPlan(looking);
  }

  async function lookAndPlan(before: Promise<void>): Promise<void> {
    await before;
    const done = await onConnection(async (connection) => {
      await makePartitions(connection);
      await giveSpaceBack(connection, () => closed);
    });
    if (!closed) daily = setTimeout(lookDaily, done ? DAY_MS : HOUR_MS).unref();
  }

  function lookAfterSweep(): void {
    afterSweep = undefined;
    resting = setTimeout(rested, SPACE_REST_MS).unref();
    looking = lookForSpace(looking);
  }

  async function lookForSpace(before: Promise<void>): Promise<void> {
    await before;
    await onConnection((connection) => giveSpaceBack(connection, () => closed));
  }

  function rested(): void {
    resting = undefined;
    if (freedMeanwhile) spaceWasFreed();
  }

  function spaceWasFreed(): void {
    freedMeanwhile = resting !== undefined;
    if (!closed && !freedMeanwhile) afterSweep ??= setTimeout(lookAfterSweep, SPACE_DELAY_MS).unref();
  }

  async function onConnection(work: (connection: Connection) => Promise<void>): Promise<boolean> {
    if (closed) return false;
    try {
      const connection = await connect();
      current = connection;
      try {
        await work(connection);
      } finally {
        current = undefined;
        await connection.close();
      }
      return true;
    } catch (thrown) {
      // What `close` interrupted is no failure.
      if (!closed) onFailure(toError(thrown));
      return false;
    }
  }

  return {
    spaceWasFreed,
    async close() {
      closed = true;
      clearTimeout(daily);
      clearTimeout(afterSweep);
      clearTimeout(resting);
      // A VACUUM may take long; the server goes on with it by itself, and nobody waits for it.
      await current?.close();
      await looking;
    },
  };
}
