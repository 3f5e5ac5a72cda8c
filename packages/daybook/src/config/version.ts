/**
 * The version of this program, from its package.
 */
import { readFileSync } from 'node:fs';

/** A bundle has no package beside it: whoever makes one defines the version in it. */
declare const BUNDLED_VERSION: string | undefined;

export const version = typeof BUNDLED_VERSION === 'string' ? BUNDLED_VERSION : readVersion();

function readVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
