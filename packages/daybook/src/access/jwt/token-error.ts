/**
 * Why a token was not believed. Messages say what was expected and given without a word of the token itself: whoever
 * sends a forged one shall not write into logs, and a real one shall not be found there. For the same reason the error
 * of the library, which carries all claims, is never kept as the cause.
 */

export type TokenErrorCode =
  /** No JWT, or one that lacks what every token of ours must have. */
  | 'malformed'
  | 'too-large'
  /** Of no issuer that the configuration names. */
  | 'unknown-issuer'
  /** Signed by an algorithm that its issuer may not use; `none` is always one. */
  | 'algorithm'
  /** Signed by none of its issuer's keys. */
  | 'bad-signature'
  | 'expired'
  | 'not-yet-valid'
  | 'wrong-audience'
  /** Nobody is named by it. */
  | 'no-subject'
  /** The issuer's keys cannot be had: the only one that is not the token's fault, and may pass. */
  | 'keys-unavailable';

export interface TokenErrorDetails {
  readonly cause?: unknown;
  /** Whole seconds; only with `keys-unavailable`. */
  readonly retryAfterSeconds?: number;
}

export class TokenError extends Error {
  override readonly name = 'TokenError';
  readonly code: TokenErrorCode;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: TokenErrorCode, message: string, { cause, retryAfterSeconds }: TokenErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** Whether the same token may be believed later. */
  get retryable(): boolean {
    return this.code === 'keys-unavailable';
  }
}
