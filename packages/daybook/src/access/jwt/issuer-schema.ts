/**
 * The configuration of the issuers whose tokens are believed, by the names that logs and answers call them. What would
 * make a forgery possible (a shared secret, no signature, keys over plain HTTP) cannot be configured.
 */
import * as z from 'zod';

import { withoutPassword } from '../../config/driver-urls.ts';
import { group } from '../../config/group.ts';
import { leaf, listOf, show, textLike, wholeNumber } from '../../config/leaf.ts';
import { isLoopback } from '../address.ts';

/** Signatures by a key pair only, RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2: HS* would make every reader a writer. */
const ALGORITHMS: readonly string[] =
  'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ');
const DEFAULT_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];
/** The last two are those of Amazon API Gateway's authorizers and of Amazon Cognito. */
const DEFAULT_ROLE_CLAIMS = ['roles', 'Role', 'scope', 'cognito:groups'];
const MAX_TOLERANCE_SECONDS = 300;
/** Clocks that follow NTP are closer together than this; a token lives so much longer than it says. */
const DEFAULT_TOLERANCE_SECONDS = 5;

const isText = (value: unknown): boolean =>
  typeof value === 'string' && value.length > 0 && value.length <= 1_024;

function oneOrMore(expected: string) {
  return leaf<string | readonly string[]>(expected, (value) =>
    Array.isArray(value) ? value.length > 0 && value.every(isText) : isText(value),
  );
}

function isKeyLocation(value: unknown): boolean {
  if (typeof value !== 'string' || value === '' || value.includes('\0')) return false;
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return true; // The path of a file.
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password } = new URL(value);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

const KEY_LOCATION = 'an https URL without a password, or the path of a file; http to this machine only';

const issuerSchema = group({
  /** The exact `iss` of its tokens. */
  issuer: leaf<string>('the exact iss of its tokens', isText),
  audience: oneOrMore('the aud of tokens for this server, or a list').optional(),
  clientId: oneOrMore('the client_id of tokens that have no aud, or a list').optional(),
  /** The JSON Web Key Set, RFC 7517 §5. */
  jwks: z
    .custom<string>(isKeyLocation, {
      error: ({ input }) =>
        `expected ${KEY_LOCATION}, given ${show(typeof input === 'string' ? withoutPassword(input) : input)}`,
    })
    .describe(KEY_LOCATION),
  algorithms: leaf<readonly string[]>(
    `a list of ${ALGORITHMS.join(', ')}`,
    (value) =>
      Array.isArray(value) && value.length > 0 && value.every((one) => ALGORITHMS.includes(one as string)),
  ).default(DEFAULT_ALGORITHMS),
  subjectClaim: leaf<string>('the name of a claim', isText).default('sub'),
  /** Put before each subject, so that one issuer's alice is not another's. */
  subjectPrefix: textLike('a text of at most 64 characters', /^.{0,64}$/).optional(),
  roleClaims: listOf('a list of names of claims; dots lead inward', isText).default(DEFAULT_ROLE_CLAIMS),
  /** Only roles that begin so count, without it: what other applications call admin is not ours. */
  rolePrefix: textLike('a text of at most 256 characters', /^.{0,256}$/).default(''),
  clockToleranceSeconds: wholeNumber(0, MAX_TOLERANCE_SECONDS).default(DEFAULT_TOLERANCE_SECONDS),
}).superRefine(({ audience, clientId }, context) => {
  if (audience !== undefined || clientId !== undefined) return;
  const message = 'expected the aud of tokens for this server, or clientId, given neither';
  context.addIssue({ code: 'custom', path: ['audience'], message });
});

export type IssuerSettings = z.output<typeof issuerSchema>;

/** The issuers by name. Tokens choose theirs by `iss`, so no two may share one. */
export const issuersSchema = z
  .record(
    z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, {
      error: ({ input }) => `expected an issuer name of [a-z][a-z0-9-]{0,62}, given ${show(input)}`,
    }),
    issuerSchema,
  )
  .superRefine((issuers, context) => {
    const names = Object.keys(issuers);
    const nameOf = new Map<string, string>();
    for (const [name, { issuer, subjectPrefix }] of Object.entries(issuers)) {
      const other = nameOf.get(issuer);
      nameOf.set(issuer, name);
      if (other !== undefined) {
        const message = `expected another iss than issuers.${other} has, given ${show(issuer)}`;
        context.addIssue({ code: 'custom', path: [name, 'issuer'], message });
      }
      if (names.length > 1 && subjectPrefix === undefined) {
        const message =
          'expected a text because there are several issuers, "" where the same subject is the same person, given nothing';
        context.addIssue({ code: 'custom', path: [name, 'subjectPrefix'], message });
      }
    }
  })
  .default({});
