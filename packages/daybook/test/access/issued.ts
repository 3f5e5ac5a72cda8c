/** Tokens for services of this process: an issuer on loopback, and what a configuration says to believe it. */
import { after } from 'node:test';

import type { DaybookConfig } from '../../src/config/schema.ts';
import type { Claims } from '../support/issuer-server.ts';
import { makeSigningKey, signToken, startIssuer } from '../support/issuer-server.ts';

const ISSUER = 'https://login.example.com/';
const AUDIENCE = 'https://daybook.example.com';
export const BOTH_ROLES = ['data.write', 'data.read'];
export const PAYLOAD = '{"informationOne":"one","informationTwo":"two"}';

export interface Issued {
  readonly issuers: NonNullable<DaybookConfig['issuers']>;
  /** Headers of somebody who is verified; for an hour. */
  as(subject: string, roles?: readonly string[], changes?: Claims): Promise<Record<string, string>>;
}

/** Ends with the file. */
export async function startIssued(): Promise<Issued> {
  const key = await makeSigningKey('key-1');
  const issuer = await startIssuer(key);
  after(() => issuer.close());
  return {
    issuers: { example: { issuer: ISSUER, audience: AUDIENCE, jwks: issuer.jwks } },
    async as(sub, roles = BOTH_ROLES, changes = {}) {
      const exp = Math.floor(Date.now() / 1000) + 3_600;
      const token = await signToken(key, { iss: ISSUER, aud: AUDIENCE, exp, sub, roles, ...changes });
      return { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    },
  };
}
