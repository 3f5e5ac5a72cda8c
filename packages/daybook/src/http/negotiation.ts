/**
 * Content negotiation (RFC 9110 §12.5.1): which of the formats that a route can give does the caller want most? Ties
 * go to the format that the route names first, so that curl, which accepts anything, gets JSON.
 */
import { DaybookError } from '../errors.ts';

const FORMATS = {
  json: ['application/json'],
  ndjson: ['application/x-ndjson', 'application/ndjson'],
  csv: ['text/csv'],
  text: ['text/plain'],
  html: ['text/html', 'application/xhtml+xml'],
  sse: ['text/event-stream'],
} as const satisfies Record<string, readonly string[]>;

export type Format = keyof typeof FORMATS;

interface Range {
  readonly type: string;
  readonly quality: number;
  /** 2 for type/subtype, 1 for type/*, 0 for any. */
  readonly precision: number;
}

/**
 * @param accept the header; absent means anything.
 * @param asked `?format=`, which wins over the header.
 * @throws {DaybookError} NOT_ACCEPTABLE; PARAMETER_INVALID when `asked` is none of the offers.
 */
export function negotiate<T extends Format>(
  accept: string | undefined,
  offers: readonly T[],
  asked?: string,
): T {
  if (asked !== undefined) return formatNamed(asked, offers);
  const [preferred] = offers;
  if (preferred === undefined) throw new TypeError('negotiate: expected one offer or more');
  if (accept === undefined || accept === '' || accept === '*/*') return preferred;
  const ranges = parseAccept(accept);
  let best: { offer: T; quality: number } | undefined;
  for (const offer of offers) {
    const quality = Math.max(...FORMATS[offer].map((type) => qualityOf(type, ranges)));
    if (quality > (best?.quality ?? 0)) best = { offer, quality };
  }
  if (best === undefined) {
    const types = offers.map((offer) => FORMATS[offer][0]).join(', ');
    throw new DaybookError(
      'NOT_ACCEPTABLE',
      `expected Accept to allow one of ${types}; given ${accept.slice(0, 200)}`,
    );
  }
  return best.offer;
}

/** Whether nothing but this format would be taken. */
export function acceptsOnly(accept: string | undefined, format: Format): boolean {
  if (accept === undefined) return false;
  const wanted = parseAccept(accept).filter(({ quality }) => quality > 0);
  return wanted.length > 0 && wanted.every(({ type }) => FORMATS[format].some((one) => one === type));
}

function formatNamed<T extends Format>(asked: string, offers: readonly T[]): T {
  const found = offers.find((offer) => offer === asked);
  if (found !== undefined) return found;
  throw new DaybookError(
    'PARAMETER_INVALID',
    `format: expected one of ${offers.join(', ')}; given ${asked.slice(0, 40)}`,
  );
}

function parseAccept(accept: string): Range[] {
  return accept.split(',').map((part) => {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
    const q = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    const quality = q === undefined ? 1 : Number(q);
    const precision = type === '*/*' ? 0 : type.endsWith('/*') ? 1 : 2;
    return { type, quality: quality >= 0 && quality <= 1 ? quality : 0, precision };
  });
}

/** The most precise range that matches decides (RFC 9110 §12.5.1), 0 when none does. */
function qualityOf(type: string, ranges: readonly Range[]): number {
  const family = `${type.slice(0, type.indexOf('/'))}/*`;
  const matching = ranges.filter(
    (range) => range.type === type || range.type === family || range.type === '*/*',
  );
  const [first] = matching.toSorted((a, b) => b.precision - a.precision);
  return first?.quality ?? 0;
}
