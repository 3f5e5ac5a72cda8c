/**
 * The entry: one registered moment, immutable. Also how its payload is classified, because the same bytes must read
 * the same on every store and in every answer.
 */
import { isUtf8 } from 'node:buffer';

/** What a caller hands to the intake; the intake adds the id, and with it the stamp. */
export interface EntryDraft {
  readonly register: string;
  /** The authenticated caller who owns the entry; the empty string when anonymous. */
  readonly subject: string;
  /** RFC 3339, as the client claims it; absent when it claimed nothing that is a date. */
  readonly occurredAt?: string | undefined;
  readonly requestId: string;
  readonly clientIp?: string | undefined;
  readonly protocol: 'http' | 'https';
  readonly region: string;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly query?: Readonly<Record<string, string>> | undefined;
  readonly contentType?: string | undefined;
  /** The exact bytes received; absent when the body was empty. */
  readonly payload?: Uint8Array | undefined;
  readonly idempotencyKey?: string | undefined;
  /** SHA-256 of content type and payload, 32 bytes; present when there is a key. */
  readonly fingerprint?: Uint8Array | undefined;
}

export interface Entry extends EntryDraft {
  /** UUIDv7; `receivedAt` is derived from it. */
  readonly id: string;
}

/** An entry's place in a store: stored order is promised within a lane. */
export interface Position {
  readonly lane: string;
  /** From 1; an entry with a higher number appears after it, never before. */
  readonly number: number;
}

export interface StoredEntry extends Entry {
  readonly position: Position;
  /** The entry of another region that has the same idempotency key and a smaller id, where one is known. */
  readonly duplicateOf?: string;
}

/**
 * How a payload is shown: `json` is spliced into JSON answers as it came, `text` becomes a string, `bytes` base64.
 */
export type PayloadKind = 'json' | 'text' | 'bytes';

interface MediaType {
  /** Without parameters, in lower case. */
  readonly essence: string;
  readonly kind: PayloadKind;
}

/** A few types make up nearly all requests, and each asks for its type several times. */
const MAX_REMEMBERED = 1_000;
const MAX_REMEMBERED_CHARACTERS = 200;
const remembered = new Map<string, MediaType>();

function readMediaType(contentType: string): MediaType {
  let type = remembered.get(contentType);
  if (type === undefined) {
    if (remembered.size === MAX_REMEMBERED) remembered.clear();
    const end = contentType.indexOf(';');
    const name = (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
    type = { essence: name, kind: kindOf(name) };
    if (contentType.length <= MAX_REMEMBERED_CHARACTERS) remembered.set(contentType, type);
  }
  return type;
}

/** JSON: `application/json`, `text/json` and every `+json` type (RFC 6839 §3.1). */
function kindOf(type: string): PayloadKind {
  if (/^(?:application|text)\/json$|\+json$/.test(type)) return 'json';
  return /^text\/|^application\/(?:xml|x-www-form-urlencoded)$|\+xml$/.test(type) ? 'text' : 'bytes';
}

export function isJsonType(contentType: string): boolean {
  return readMediaType(contentType).kind === 'json';
}

/** The media type without its parameters, in lower case. */
export function essence(contentType: string): string {
  return readMediaType(contentType).essence;
}

/** JSON payloads were parsed at the intake, so their type alone decides; text must be valid UTF-8 to be shown as text. */
export function payloadKind(entry: Pick<Entry, 'contentType' | 'payload'>): PayloadKind {
  const { kind } = readMediaType(entry.contentType ?? '');
  if (kind !== 'text') return kind;
  return entry.payload !== undefined && isUtf8(entry.payload) ? 'text' : 'bytes';
}

/** What an entry counts against every limit in bytes besides its payload: a flat share for everything else. */
export const ENTRY_OVERHEAD_BYTES = 512;
