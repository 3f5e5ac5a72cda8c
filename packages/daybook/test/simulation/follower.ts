/**
 * A follower of a simulated world: tails a register while it is written, from its own cursor, whatever the weather.
 */
import { StoreError } from '../../src/store/store.ts';
import type { World } from './world.ts';

export interface Follower {
  readonly register: string;
  /** Ids in the order in which it saw them. */
  readonly seen: readonly string[];
  readonly numbers: readonly number[];
  follow(stopped: () => boolean): Promise<void>;
  /** Reads on to the newest entry. */
  catchUp(): Promise<void>;
}

export function createFollower(world: World, register: string): Follower {
  const { time, chance } = world;
  const { store } = world.enter();
  const seen: string[] = [];
  const numbers: number[] = [];
  let after = 0;

  async function readOn(): Promise<boolean> {
    try {
      const limit = chance.between(1, 50);
      const page = await store.tail({ register, lane: 'main', after, limit, maxBytes: 1_000_000 });
      seen.push(...page.entries.map(({ id }) => id));
      numbers.push(...page.entries.map(({ position }) => position.number));
      const moved = page.through > after;
      after = page.through;
      return moved;
    } catch (thrown) {
      if (!(thrown instanceof StoreError)) throw thrown;
      return false;
    }
  }

  return {
    register,
    seen,
    numbers,
    async follow(stopped) {
      while (!stopped()) {
        await time.sleep(chance() * 20_000);
        await readOn();
      }
    },
    async catchUp() {
      while (await readOn());
    },
  };
}
