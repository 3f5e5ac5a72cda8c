/**
 * How a command fails: one line on standard error that says what was expected, what was given and what to try, and an
 * exit code that tells a failure from a wrong call.
 */

export const EXIT_OK = 0;
export const EXIT_FAILURE = 1;
export const EXIT_USAGE = 2;

/** The command was called wrongly. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command could not do what it was asked to. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

export function exitCodeOf(thrown: unknown): number {
  return thrown instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE;
}

export function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** What Node.js says of a package that is not installed is for developers, and names a file of ours. */
const MISSING_PACKAGE = /^Cannot find package '([^']+)' imported from /;

/** Without a line feed. After `npm ci --omit=dev`, which leaves the packages of the commands out, it says what to do. */
export function toOneLine(thrown: unknown): string {
  const { message } = errorOf(thrown);
  const [, missing] = MISSING_PACKAGE.exec(message) ?? [];
  if (missing !== undefined) return `needs the development packages, ${missing} among them: run npm ci`;
  return message.replaceAll(/\s*\n\s*/g, ' ');
}
