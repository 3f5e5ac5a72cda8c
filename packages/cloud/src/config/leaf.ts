/**
 * The leaves of the configuration that are more than a type: each says in words what it expects.
 */
import { z } from 'zod';

import { show } from './show.ts';

export function text(expected: string, pattern: RegExp) {
  const error = ({ input }: { input?: unknown }) => `expected ${expected}, given ${show(input)}`;
  return z.string({ error }).regex(pattern, { error });
}

export function whole(from: number, to: number) {
  const error = ({ input }: { input?: unknown }) =>
    `expected a whole number from ${from} to ${to}, given ${show(input)}`;
  return z.int({ error }).min(from, { error }).max(to, { error });
}
