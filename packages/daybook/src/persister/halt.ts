/**
 * How work on deliveries stops half-way: thrown from any depth, caught where the deliveries are.
 */
/** Work that stops where it is: nothing is acknowledged, and what is open goes back to the queue as it came. */
export class Halt extends Error {
  override readonly name = 'Halt';
  /** `waiting`: for something that is known to be away; `systemic`: failures that are not the entries' own. */
  readonly state: 'waiting' | 'systemic';

  constructor(state: Halt['state'], message: string) {
    super(message);
    this.state = state;
  }
}
