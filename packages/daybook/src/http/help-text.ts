/**
 * Ten lines for whoever comes with curl.
 */
import type { Register } from '../register.ts';
import { isOpen } from '../register.ts';

export interface HelpOptions {
  /** With the base path. */
  readonly base: string;
  readonly version: string;
  readonly registers: readonly Register[];
  /** Whether there are server-sent events. */
  readonly streams: boolean;
  /** What else is to be said in the first line, such as the durability. */
  readonly first: string;
}

export function helpText({ base, version, registers, streams, first }: HelpOptions): string {
  const tailLine = (href: string) =>
    streams ? `curl -N '${href}?live=sse&from=start'` : `curl '${href}?live=long-poll&from=start'`;
  const [name = 'app'] = registers.filter(isOpen).map((register) => register.name);
  return `Daybook ${version}: POST it, and it is on record. ${first}

  curl -X POST ${base}/${name}                       the moment alone
  curl -d '{"what":"deploy"}' ${base}/${name}        with a payload
  curl ${base}/${name}                               the newest entries
  ${tailLine(`${base}/${name}`)}      all of them, and what comes
  curl -H 'Accept: text/csv' ${base}/${name}         as CSV

Registers: ${registers.map((register) => register.name).join(', ')}. Documentation: ${base}/docs
`;
}
