// @ts-check
/**
 * One line about a payload, the same that the server renders: `src/http/pages/preview.ts`, held equal by a test.
 */

const MAX_CHARACTERS = 160;
const MAX_TEXT = MAX_CHARACTERS * 16;

/**
 * @typedef {object} Entry What a live event carries.
 * @property {string} id
 * @property {string} receivedAt
 * @property {string} [contentType]
 * @property {unknown} [payload]
 * @property {'base64'} [payloadEncoding]
 */

/** @type {(key: string, value: unknown, context?: { source?: string }) => unknown} */
function keepNumber(_key, value, context) {
  const { rawJSON } = /** @type {{ rawJSON?: (text: string) => unknown }} */ (JSON);
  return typeof value === 'number' && rawJSON && context?.source ? rawJSON(context.source) : value;
}

/**
 * Parses without rounding numbers, where the browser knows how and has the stack for it.
 * @param {string} json
 */
function parse(json) {
  try {
    return JSON.parse(json, keepNumber);
  } catch {
    // Nested thousands deep: plain parsing needs no stack.
    return JSON.parse(json);
  }
}

/** @type {(json: string) => Entry} */
export const parseEntry = parse;

/** @type {(json: string) => { entries: Entry[] }} */
export const parseEntryPage = parse;

/**
 * @param {Pick<Entry, 'contentType' | 'payload' | 'payloadEncoding'>} entry
 * @returns {{ kind: 'none' | 'content' | 'bytes', text: string }}
 */
export function previewOf({ payload, payloadEncoding, contentType = '' }) {
  if (payload === undefined) return { kind: 'none', text: 'the moment alone' };
  if (typeof payload === 'string' && payloadEncoding === 'base64') {
    return { kind: 'bytes', text: `${bytesOfBase64(payload)} bytes of ${contentType || 'unknown type'}` };
  }
  const isText = typeof payload === 'string' && !isJsonType(contentType);
  return { kind: 'content', text: shorten(isText ? payload : stringify(payload)) };
}

/** @param {unknown} payload */
function stringify(payload) {
  try {
    return JSON.stringify(payload);
  } catch {
    return 'JSON, deeply nested';
  }
}

/** @param {string} base64 with padding */
function bytesOfBase64(base64) {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return (base64.length / 4) * 3 - padding;
}

/** @param {string} contentType */
function isJsonType(contentType) {
  const [essence = ''] = contentType.split(';');
  return /^(?:application|text)\/json$|\+json$/.test(essence.trim().toLowerCase());
}

/** @param {string} text */
function shorten(text) {
  const line = text.slice(0, MAX_TEXT).replace(/\s+/g, ' ').trim();
  if (line.length <= MAX_CHARACTERS && text.length <= MAX_TEXT) return line;
  return `${line.slice(0, MAX_CHARACTERS).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
