/**
 * From the claims of a token whose signature was verified to an identity: meant for us, naming somebody, with roles.
 * Claims are read as own members only, so whatever their names are (`__proto__`, `constructor`), they are just names.
 */
import type { JWTPayload } from 'jose';

import type { TokenIdentity } from '../identity.ts';
import { createIdentity, isSubject } from '../identity.ts';
import type { IssuerSettings } from './issuer-schema.ts';
import { TokenError } from './token-error.ts';

/** RFC 8693 §4.2 and its common short form: several values in one text. In other claims a text is one value. */
const SPACE_SEPARATED = /(?:^|\.)(?:scope|scp)$/;

/** Subjects of API keys and of Daybook itself: no issuer names those. */
const RESERVED = /^(?:key|daybook):/;

/** @param name of the issuer in the configuration. @throws {TokenError} `wrong-audience`, `no-subject`. */
export function toIdentity(
  name: string,
  settings: IssuerSettings,
  claims: JWTPayload & { readonly exp: number },
): TokenIdentity {
  assertAudience(settings, claims);
  const given = memberAt(claims, settings.subjectClaim);
  const subject = typeof given === 'string' ? `${settings.subjectPrefix ?? ''}${given}` : undefined;
  if (given === '' || !isSubject(subject) || RESERVED.test(subject)) {
    throw new TokenError(
      'no-subject',
      `expected the claim ${settings.subjectClaim} to be a text of 1 to 255 characters without controls that does not begin with key: or daybook:, given ${given === undefined ? 'none' : 'another value'}`,
    );
  }
  return createIdentity({
    subject,
    roles: rolesOf(settings, claims),
    kind: 'jwt',
    issuer: name,
    expiresAtMs: (claims.exp + settings.clockToleranceSeconds) * 1_000,
  });
}

/** RFC 7519 §4.1.3. Access tokens of Amazon Cognito have no `aud`; they name the client that they were made for. */
function assertAudience({ audience, clientId }: IssuerSettings, claims: JWTPayload): void {
  const { aud, client_id: client } = claims;
  if (aud === undefined && clientId !== undefined) {
    if (textsOf(client).some((one) => textsOf(clientId).includes(one))) return;
    throw new TokenError('wrong-audience', 'expected a token for a client of clientId, given another');
  }
  const accepted = textsOf(audience);
  if (textsOf(aud).some((one) => accepted.includes(one))) return;
  const expected = audience === undefined ? 'without aud and for a client of clientId' : 'for our audience';
  throw new TokenError(
    'wrong-audience',
    `expected a token ${expected}, given one ${aud === undefined ? 'without aud' : 'for another'}`,
  );
}

function* rolesOf({ roleClaims, rolePrefix }: IssuerSettings, claims: JWTPayload): Generator<string> {
  for (const claim of roleClaims) {
    const value = memberAt(claims, claim);
    const roles =
      typeof value === 'string' && SPACE_SEPARATED.test(claim) ? value.split(' ') : textsOf(value);
    for (const role of roles) if (role.startsWith(rolePrefix)) yield role.slice(rolePrefix.length);
  }
}

/** A member of that very name, which may be a URL with dots; else the one that its dots lead to. */
function memberAt(claims: JWTPayload, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) {
      return undefined;
    }
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** One text or a list, of which whatever is no text is left out. */
function textsOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string');
}
