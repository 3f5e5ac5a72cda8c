/**
 * Why something could not be done with API keys. Failures of the store keep their own errors.
 */

export class KeyError extends Error {
  override readonly name = 'KeyError';
  /**
   *   invalid   the request asks for what cannot be
   *   limit     there are as many keys as a server keeps in mind
   *   loading   the keys have not been read from the store yet: passes by itself
   */
  readonly reason: 'invalid' | 'limit' | 'loading';

  constructor(reason: KeyError['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}
