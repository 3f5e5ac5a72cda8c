/**
 * How work on deliveries stops half-way: thrown from any depth, caught where the deliveries are.
 */

/** Nothing is acknowledged, nothing is counted, and what is open goes back to the queue as it came. */
export class Halt extends Error {
  override readonly name = 'Halt';
  /** `waiting`: for something that is known to be away; `systemic`: failures that are not the entries' own. */
  readonly state: 'waiting' | 'systemic';
  /** Whether all work has to stop, or this delivery alone cannot be brought to its end. */
  readonly stops: 'all' | 'delivery';

  constructor(state: Halt['state'], message: string, stops: Halt['stops'] = 'all') {
    super(message);
    this.state = state;
    this.stops = stops;
  }
}
