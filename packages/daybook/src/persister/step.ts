/**
 * The steps of the persister by name: the moments at which a crash could make a difference. Whoever wants to stop there
 * hands in a hook; the persister itself does nothing with it.
 */

export type PersisterStep =
  | 'after-receive'
  | 'before-store-commit'
  | 'after-store-commit'
  | 'before-dead-letter'
  | 'after-dead-letter'
  | 'before-send-back'
  | 'after-send-back'
  | 'before-acknowledge'
  | 'after-acknowledge';

/** Must not throw. */
export type OnStep = (step: PersisterStep) => void;
