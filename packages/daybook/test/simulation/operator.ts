/**
 * The operator of a simulated world: looks at the dead letters now and then, mends what made them and stores them after
 * all, tries it without mending, or gives them up for good. Sometimes the connection breaks in the middle of it.
 */
import { toError } from '../../src/errors.ts';
import { letterIdOf } from '../../src/persister/dead-letter-name.ts';
import type { World } from './world.ts';

export interface Operator {
  work(stopped: () => boolean): Promise<void>;
  /** Stores every letter that is left, or, where that cannot be, discards it. @returns those that are still there. */
  tidyUp(): Promise<string[]>;
}

export function createOperator(world: World): Operator {
  const { time, chance } = world;

  function letters(): string[] {
    return [...world.objects.contents.keys()].flatMap((name) => letterIdOf(name) ?? []);
  }

  async function work(stopped: () => boolean): Promise<void> {
    while (!stopped()) {
      await time.sleep(chance.between(5_000, 60_000));
      const { deadLetters, process } = world.enter();
      const working = (async () => {
        for (const id of letters()) {
          const choice = chance.pick(['mend', 'try', 'discard', 'leave'] as const);
          if (choice === 'mend') world.poison.delete(id);
          try {
            if (choice === 'mend' || choice === 'try') await deadLetters.replay(id);
            if (choice === 'discard') await deadLetters.discard(id);
          } catch {
            // The store or the object storage is away: a person tries again later.
          }
        }
      })();
      await Promise.race([working, time.sleep(chance() * 5_000)]);
      process.kill();
    }
  }

  async function tidyUp(): Promise<string[]> {
    const { deadLetters } = world.enter();
    for (const id of letters()) {
      // Poison that nobody mended, or a key that is held.
      const replayed = await deadLetters.replay(id).catch((thrown: unknown) => toError(thrown));
      if (replayed instanceof Error || replayed?.outcome === 'kept') await deadLetters.discard(id);
    }
    return letters();
  }

  return { work, tidyUp };
}
