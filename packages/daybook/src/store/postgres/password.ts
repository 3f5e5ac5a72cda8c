/**
 * A password that is kept apart from the URL of the store and may be rotated while Daybook runs. Connections that exist
 * are not touched by that: PostgreSQL asks for the password only when one is made.
 */

export interface RotatingPassword {
  /** For a connection that is being made. @throws {PasswordError} */
  current(): Promise<string>;
  /** A server refused what `current` gave: the next call reads it anew. */
  refused(): void;
}

/** Why there is no password; the message never holds one. */
export class PasswordError extends Error {
  /** Whether there is nothing to wait for: what is named is not there, or holds no password. */
  readonly unusable: boolean;

  constructor(message: string, options: { readonly unusable: boolean; readonly cause?: unknown }) {
    super(
      `store.passwordFrom: ${message}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = 'PasswordError';
    this.unusable = options.unusable;
  }
}
