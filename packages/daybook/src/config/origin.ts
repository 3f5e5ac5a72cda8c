/**
 * Where the value of a key came from, so that a message about it sends nobody to a place that says nothing of it.
 */
import { DRIVER_KEYS, ENVIRONMENT } from './schema.ts';

/** How a message about a key begins: `port (--port)`, `port (DAYBOOK_PORT)`, `/etc/daybook.config.json: port`. */
export type Origin = (key: string) => string;

interface Sources {
  /** As messages call it. */
  readonly file?: string | undefined;
  /** Values by the name of their environment variable; they win over it, and both over the file. */
  readonly flags?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** What no source has given is called by its key, with the variable that would give it. */
export function createOrigin({ file, flags = {}, environment = {} }: Sources): Origin {
  return (key) => {
    const variable = variableOf(key);
    if (variable !== undefined && flags[variable] !== undefined) return `${key} (${flagOf(variable)})`;
    if (variable !== undefined && environment[variable] !== undefined) return `${key} (${variable})`;
    if (file !== undefined) return `${file}: ${key}`;
    return variable === undefined || isWithin(key, variable) ? key : `${key} (${variable})`;
  };
}

/** The name of a variable where a flag took its place. */
export function flagOf(variable: string): string {
  return `--${variable
    .replace(/^DAYBOOK_/, '')
    .toLowerCase()
    .replaceAll('_', '-')}`;
}

/** What only a text with all the others can give. */
function isWithin(key: string, variable: string): boolean {
  return variable === 'DAYBOOK_ISSUERS' && key !== ENVIRONMENT[variable];
}

/** The one that gives the key, alone or within an object; that of a driver gives its URL and nothing else. */
function variableOf(key: string): string | undefined {
  return Object.entries(ENVIRONMENT).find(([, of]) =>
    isDriver(of) ? key === of || key === `${of}.url` : key === of || key.startsWith(`${of}.`),
  )?.[0];
}

function isDriver(key: string): boolean {
  return (DRIVER_KEYS as readonly string[]).includes(key);
}
