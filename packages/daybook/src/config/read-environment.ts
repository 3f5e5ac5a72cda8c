/**
 * What the environment says of the configuration: values by key, as a file would give them, each variable for one key.
 */
import { StartError } from '../errors.ts';
import { DRIVER_KEYS, ENVIRONMENT } from './schema.ts';

export const FILE_VARIABLE = 'DAYBOOK_CONFIG';
/** Variables of the command line client and of `tail --exec`; a server started from there inherits them. */
const CLIENT_VARIABLES = /^DAYBOOK_(?:URL|API_KEY|ID|RECEIVED_AT|REGISTER|CURSOR)$/;

/** Drivers are objects here, also where only their URL is given. @throws {StartError} for a variable that nothing reads. */
export function readEnvironment(
  variables: Readonly<Record<string, string | undefined>>,
): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(variables)) {
    if (
      text === undefined ||
      !name.startsWith('DAYBOOK_') ||
      name === FILE_VARIABLE ||
      CLIENT_VARIABLES.test(name)
    )
      continue;
    if (!(name in ENVIRONMENT)) {
      throw new StartError(
        `${name}: expected one of ${[FILE_VARIABLE, ...Object.keys(ENVIRONMENT)].join(', ')}, given an unknown variable`,
      );
    }
    put(given, ENVIRONMENT[name as keyof typeof ENVIRONMENT], text);
  }
  return given;
}

function put(given: Record<string, unknown>, key: string, text: string): void {
  const [outer = key, inner] = key.split('.');
  const isDriver = (DRIVER_KEYS as readonly string[]).includes(outer);
  if (isDriver) given[outer] = { ...(given[outer] as object | undefined), [inner ?? 'url']: text };
  else given[key] = valueOf(key, text);
}

function valueOf(key: string, text: string): unknown {
  if (key === 'port' && /^\d+$/.test(text)) return Number(text);
  if (key === 'issuers') return jsonOf(text);
  return key === 'roles' ? text.split(',').map((role) => role.trim()) : text;
}

/** What is no JSON stays a text, which the schema refuses in words. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
