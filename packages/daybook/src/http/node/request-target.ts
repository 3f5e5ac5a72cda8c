/**
 * Request targets (RFC 9112 §3.2) in the one form that routes know: a path that begins with a slash, its dots tidied as
 * every client does, and a query.
 */

/** What needs no second look: almost every target. */
const PLAIN = /^(?!.*(?:\/\.|%2e|\\|#))\//i;
const ABSOLUTE = /^https?:\/\/[^/?#]/i;

export interface RequestTarget {
  readonly pathAndQuery: string;
  /** The host of an absolute target, which wins over the Host header (RFC 9112 §3.2.2). */
  readonly host?: string;
}

/** @returns undefined for a target that names no path. */
export function parseRequestTarget(target: string): RequestTarget | undefined {
  const end = target.indexOf('?');
  const path = end === -1 ? target : target.slice(0, end);
  if (PLAIN.test(path)) return { pathAndQuery: target };
  // Some programs take a backslash for a slash, some end the path at a hash: a path that means two things is none.
  if (/[\\#]/.test(path)) return undefined;
  if (path.startsWith('/')) return withoutDots(`http://localhost${target}`);
  const absolute = ABSOLUTE.test(path) ? withoutDots(target) : undefined;
  return absolute && { ...absolute, host: new URL(target).host };
}

function withoutDots(url: string): RequestTarget | undefined {
  if (!URL.canParse(url)) return undefined;
  const { pathname, search } = new URL(url);
  return { pathAndQuery: pathname + search };
}
