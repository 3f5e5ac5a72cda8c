/**
 * The parts between intake and store as health sees them, each by what it knows about itself.
 */
import type { Objects } from '../objects/objects.ts';
import type { Persister } from '../persister/persister.ts';
import type { Queue } from '../queue/queue.ts';
import type { Store } from '../store/store.ts';
import type { WatchedPart } from './health.ts';

/** The store behind a queue, as the persister finds it. */
export function watchStore(
  store: Pick<Store, 'capabilities'>,
  persister: Pick<Persister, 'status'>,
): WatchedPart {
  return () => {
    const { breaker, reason } = persister.status();
    // Asked each time: one that was out of reach at the start learns them later.
    const { durability, durabilityProof } = store.capabilities;
    const detail = breaker === 'closed' ? `${durability}: ${durabilityProof}` : reason;
    return { state: breaker === 'closed' ? 'ok' : 'unavailable', ...(detail !== undefined && { detail }) };
  };
}

/** `ok` while it runs. */
export function watchPersister(persister: Pick<Persister, 'status'>): WatchedPart {
  return () => {
    const { state, reason } = persister.status();
    return { state: state === 'running' ? 'ok' : state, ...(reason !== undefined && { detail: reason }) };
  };
}

/** Where several servers share a queue, each would list and replay only the dead letters that it wrote itself. */
export function watchObjects({ capabilities }: Objects, queue: Queue): WatchedPart {
  const { driver, shared, durability, durabilityProof } = capabilities;
  if (shared || queue.capabilities.local)
    return () => ({ state: 'ok', detail: `${durability}: ${durabilityProof}` });
  const note = `a fleet needs object storage that all of it sees (objects.url, DAYBOOK_OBJECTS), given ${driver}: while the ${queue.capabilities.driver} queue is shared`;
  return () => ({ state: 'not-shared', detail: note, note });
}
