/**
 * A request in the words that the events of all fronts are put into, and from there a web Request. What a front added to
 * what its peer sent is taken off again, so that `trustedProxies` holds for the peer as it does behind a socket.
 */
import type { Client } from '../access/client-address.ts';
import { parseAddress } from '../access/client-address.ts';
import { DaybookError, toError } from '../errors.ts';
import type { Front } from '../http/front.ts';

export interface FrontRequest {
  readonly front: Front;
  readonly method: string;
  /** What stands before every path as the caller sees it: a stage such as `/dev`, or nothing. */
  readonly basePath: string;
  /** Below the base path, escaped or not. */
  readonly path: string;
  /** Escaped, without its question mark. */
  readonly search: string;
  readonly headers: Headers;
  readonly body: Buffer | undefined;
  readonly peer: Client;
  /** What the front's authorizer says of the caller. */
  readonly authorizer: unknown;
}

/** Of a URL in all; as on our own server. */
const MAX_TARGET_CHARACTERS = 8_192;
/** For a front that does not tell, such as a health check of a balancer. */
const NO_HOST = 'localhost';

/** @throws {DaybookError} REQUEST_MALFORMED, URI_TOO_LONG */
export function toRequest(given: FrontRequest): Request {
  const { method, basePath, path, search, headers, body, peer } = given;
  const target = `${basePath}${escapePath(path)}${search === '' ? '' : `?${search}`}`;
  if (target.length > MAX_TARGET_CHARACTERS) {
    throw new DaybookError(
      'URI_TOO_LONG',
      `expected a request target of at most ${MAX_TARGET_CHARACTERS} characters, given ${target.length}`,
    );
  }
  const url = `${peer.protocol}://${headers.get('host') ?? NO_HOST}${target}`;
  try {
    const hasBody = body !== undefined && method !== 'GET' && method !== 'HEAD';
    return new Request(url, { method, headers, ...(hasBody && { body: Uint8Array.from(body) }) });
  } catch (thrown) {
    throw new DaybookError(
      'REQUEST_MALFORMED',
      `expected a method, a host and a path that make a request: ${toError(thrown).message}`,
    );
  }
}

/**
 * Some fronts give a path as it came, some with its escapes undone: what cannot stand in a path is escaped again, so that
 * no question mark or hash becomes an end of it.
 */
function escapePath(path: string): string {
  const escaped = path
    .toWellFormed()
    .replace(/%(?![0-9a-f]{2})/gi, '%25')
    .replace(/[^\x21\x24-\x3b\x3d\x40-\x5b\x5d\x5f\x61-\x7a\x7e]/gu, encodeURIComponent);
  return escaped.startsWith('/') ? escaped : `/${escaped}`;
}

/** @param fields several of a name one after the other. @throws {DaybookError} REQUEST_MALFORMED */
export function toHeaders(fields: Iterable<readonly [string, string]>): Headers {
  const headers = new Headers();
  try {
    for (const [name, value] of fields) headers.append(name, asBytes(value));
  } catch (thrown) {
    throw new DaybookError('REQUEST_MALFORMED', `expected valid header fields: ${toError(thrown).message}`);
  }
  return headers;
}

/** Fields are bytes, a character each, as Node gives them; some fronts read them as UTF-8. */
function asBytes(value: string): string {
  return /[^\0-\xff]/.test(value) ? Buffer.from(value).toString('latin1') : value;
}

/** Of a map of fields whose values may be one or several. */
export function* eachField(
  given: Readonly<Record<string, string | readonly string[] | undefined>>,
): Generator<readonly [string, string]> {
  for (const [name, value] of Object.entries(given)) {
    for (const one of typeof value === 'string' ? [value] : (value ?? [])) yield [name, one];
  }
}

export function toBody(body: string | null | undefined, isBase64Encoded: boolean): Buffer | undefined {
  if (body === undefined || body === null || body === '') return undefined;
  return Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
}

/**
 * Takes off what the front itself appended to `X-Forwarded-For`: the address of its peer.
 * @param peer as the front tells it elsewhere; without it the last address is it.
 * @returns the address, empty when there is none.
 */
export function takePeerAddress(headers: Headers, peer?: string): string {
  const addresses = (headers.get('x-forwarded-for') ?? '').split(',').map((one) => one.trim());
  const last = parseAddress(addresses.at(-1) ?? '');
  const address = peer === undefined ? last : parseAddress(peer);
  if (last !== undefined && last === address) {
    const before = addresses.slice(0, -1).join(', ');
    if (before === '') headers.delete('x-forwarded-for');
    else headers.set('x-forwarded-for', before);
  }
  return address ?? '';
}
