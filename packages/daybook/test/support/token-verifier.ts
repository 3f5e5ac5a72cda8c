/** A verifier with one issuer, a clock that is turned by hand, and the claims of a token that it believes. */
import { z } from 'zod';

import type { IssuerSettings } from '../../src/access/jwt/issuer-schema.ts';
import { issuersSchema } from '../../src/access/jwt/issuer-schema.ts';
import { TokenError } from '../../src/access/jwt/token-error.ts';
import type { TokenVerifierOptions } from '../../src/access/jwt/token-verifier.ts';
import { createTokenVerifier } from '../../src/access/jwt/token-verifier.ts';

export const ISSUER = 'https://login.example.com/';
export const AUDIENCE = 'https://daybook.example.com';
/** 21 November 2026, in Unix seconds. */
export const NOW = 1_795_276_800;
export const CLAIMS = {
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'alice',
  exp: NOW + 3_600,
  roles: ['data.write', 'data.read'],
};

type GivenIssuers = z.input<typeof issuersSchema>;

export function parseIssuers(given: GivenIssuers): Record<string, IssuerSettings> {
  return issuersSchema.parse(given);
}

export interface LoggedEvent extends Record<string, unknown> {
  readonly event: string;
}

export function createTestVerifier(
  settings: Partial<NonNullable<GivenIssuers>[string]> & { jwks: string },
  options: Partial<TokenVerifierOptions> = {},
) {
  let nowMs = NOW * 1_000;
  const events: LoggedEvent[] = [];
  const note = (fields: object, event: string): void => void events.push({ event, ...fields });
  const verifier = createTokenVerifier({
    issuers: parseIssuers({ example: { issuer: ISSUER, audience: AUDIENCE, ...settings } }),
    nowMs: () => nowMs,
    log: { info: note, warn: note } as TokenVerifierOptions['log'],
    ...options,
  });
  return {
    ...verifier,
    events,
    pass: (seconds: number) => void (nowMs += seconds * 1_000),
    /** The code of the refusal, or the subject. */
    verdict: async (token: string): Promise<string> => {
      try {
        return (await verifier.verify(token)).subject;
      } catch (thrown) {
        if (thrown instanceof TokenError) return thrown.code;
        throw thrown;
      }
    },
    /** Whether the answer is there without waiting. */
    isRemembered: (token: string): boolean => {
      const given = verifier.verify(token);
      if (!(given instanceof Promise)) return true;
      given.catch(() => undefined);
      return false;
    },
  };
}
