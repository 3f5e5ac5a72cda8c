/**
 * Browsers on pages of other sites. A page may always send a plain POST without asking, so one from another site is
 * refused unless its origin is allowed; CORS (https://fetch.spec.whatwg.org/#http-cors-protocol) is off by default.
 */
import { DaybookError } from '../errors.ts';
import type { Register } from '../register.ts';

type Fields = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What scripts may read of an answer besides the safelisted fields. */
const EXPOSED =
  'Location, Link, Retry-After, RateLimit, RateLimit-Policy, Daybook-Durability, Daybook-Version, X-Request-Id, Idempotency-Replayed, Preference-Applied, WWW-Authenticate';
const REQUEST_FIELDS =
  'Authorization, Content-Type, Content-Encoding, Accept, Idempotency-Key, Prefer, X-Request-Id, Last-Event-ID';

function isAllowed({ cors }: Register, origin: string): boolean {
  return cors !== undefined && (cors.origins === '*' || cors.origins.includes(origin));
}

/** Fields of every answer of a register to a page of an allowed origin. */
export function corsHeaders(
  register: Register,
  origin: string | undefined,
): Record<string, string> | undefined {
  if (origin === undefined || !isAllowed(register, origin)) return undefined;
  return {
    'access-control-allow-origin': register.cors?.origins === '*' ? '*' : origin,
    'access-control-expose-headers': EXPOSED,
  };
}

/** Fields of the answer to a preflight; undefined when it is none, or of an origin that is not allowed. */
export function preflightHeaders(
  register: Register,
  origin: string | undefined,
  requestedMethod: string | undefined,
  methods: string,
): Record<string, string> | undefined {
  const allowed = requestedMethod === undefined ? undefined : corsHeaders(register, origin);
  return (
    allowed && {
      ...allowed,
      'access-control-allow-methods': methods,
      'access-control-allow-headers': REQUEST_FIELDS,
      'access-control-max-age': String(register.cors?.maxAgeSeconds),
    }
  );
}

/**
 * Browsers say with every POST where it comes from; other clients say nothing.
 * @param register undefined for `/api/*`, which no other site may call.
 * @throws {DaybookError} CROSS_SITE
 */
export function assertSameSite(headers: Fields, register?: Register): void {
  const { origin, host, 'sec-fetch-site': site } = headers;
  if (origin === undefined && site === undefined) return;
  if (site === 'same-origin' || site === 'none') return;
  if (typeof origin === 'string') {
    if (register !== undefined && isAllowed(register, origin)) return;
    if (site === undefined && URL.canParse(origin) && new URL(origin).host === host) return;
  } else if (site === undefined) return;
  throw new DaybookError(
    'CROSS_SITE',
    `expected a request of a page of this server, or of an origin in ${register === undefined ? 'its own site' : `registers.${register.name}.cors.origins`}; given one of another site`,
    { outcome: 'not-written' },
  );
}
