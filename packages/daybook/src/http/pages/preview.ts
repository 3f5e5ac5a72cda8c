/**
 * One line about a payload. The browser makes the same line for entries that arrive live: `assets/preview.js`, held
 * equal by a test.
 */
import type { EntryView } from '../../contract/messages.ts';
import { isJsonType } from '../../entry.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { compactJson } from './json-text.ts';

const MAX_CHARACTERS = 160;
/** Enough text for a line even when most of it is white space. */
const MAX_TEXT = MAX_CHARACTERS * 16;

/** `none`: there was no body; `bytes`: neither JSON nor text. */
export interface Preview {
  readonly kind: 'none' | 'content' | 'bytes';
  readonly text: string;
}

type Payload = Pick<EntryView, 'payload' | 'payloadEncoding' | 'contentType'>;

/** @param entry its payload is text, also when it is JSON: as it came. */
export function previewOf({ payload, payloadEncoding, contentType = '' }: Payload): Preview {
  if (payload === undefined) return { kind: 'none', text: 'the moment alone' };
  const text = payloadText(payload);
  if (payloadEncoding === 'base64') {
    return { kind: 'bytes', text: `${bytesOfBase64(text)} bytes of ${contentType || 'unknown type'}` };
  }
  return { kind: 'content', text: shorten(text, isJsonType(contentType)) };
}

/** Pages are given JSON as its text; a value that was parsed all the same is shown too. */
export function payloadText(payload: unknown): string {
  return typeof payload === 'string' ? payload : JSON.stringify(payload);
}

/** @param base64 with padding. */
export function bytesOfBase64(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return (base64.length / 4) * 3 - padding;
}

/** White space is one space; no character is left in halves. */
function shorten(text: string, isJson: boolean): string {
  const start = text.slice(0, MAX_TEXT);
  const line = (isJson ? compactJson(start) : start).replace(/\s+/g, ' ').trim();
  if (line.length <= MAX_CHARACTERS && text.length <= MAX_TEXT) return line;
  return `${line.slice(0, MAX_CHARACTERS).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** `bdi`, because right-to-left text in a payload must not turn the rest of the line around. */
export function previewLine(entry: Payload): Html {
  const { kind, text } = previewOf(entry);
  return html`<bdi class="preview" data-kind="${kind}">${text}</bdi>`;
}
