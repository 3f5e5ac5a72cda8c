/** Tokens that are not to be believed, each as somebody who wants to get in would make it; and what the refusal says. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

import fc from 'fast-check';

import { TokenError } from '../../src/access/jwt/token-error.ts';
import type { Claims } from '../support/issuer-server.ts';
import {
  confusedTokens,
  encodePart,
  makeSigningKey,
  signToken,
  startIssuer,
  unsecuredToken,
} from '../support/issuer-server.ts';
import {
  CLAIMS,
  createTestVerifier,
  ISSUER,
  NOW,
  AUDIENCE,
  parseIssuers,
} from '../support/token-verifier.ts';

const key = await makeSigningKey('key-1');
const rsa = await makeSigningKey('key-rsa', 'RS256');
const stranger = await makeSigningKey('key-1');
const issuer = await startIssuer(key, rsa);
after(() => issuer.close());

const { verify, verdict } = createTestVerifier({ jwks: issuer.jwks });
const sign = (claims: Claims = {}, header?: object) =>
  signToken(key, { ...CLAIMS, ...claims }, { ...header });
const [headerPart = '', claimsPart = '', signaturePart = ''] = (await sign()).split('.');

test('a token of the issuer for us is believed', async () => {
  assert.equal(await verdict(await sign()), 'alice');
  assert.equal(await verdict(await signToken(rsa, CLAIMS)), 'alice');
});

describe('forgeries', () => {
  test('signed by somebody who uses the name of a key of the issuer', async () => {
    assert.equal(await verdict(await signToken(stranger, CLAIMS)), 'bad-signature');
  });

  test('with claims or a header that were changed after signing', async () => {
    const changed = [
      `${headerPart}.${encodePart({ ...CLAIMS, sub: 'admin' })}.${signaturePart}`,
      `${encodePart({ alg: 'ES256', kid: 'key-1', typ: 'JWT' })}.${claimsPart}.${signaturePart}`,
      `${headerPart}.${claimsPart}.${'A'.repeat(signaturePart.length)}`,
    ];
    for (const token of changed) assert.equal(await verdict(token), 'bad-signature');
  });

  test('without a signature: alg none in every spelling', async () => {
    assert.equal(await verdict(unsecuredToken(CLAIMS)), 'malformed');
    for (const alg of ['none', 'None', 'NONE', 'nOnE']) {
      const header = encodePart({ alg });
      assert.equal(await verdict(`${header}.${claimsPart}.${signaturePart}`), 'algorithm', alg);
      assert.equal(await verdict(`${header}.${claimsPart}.`), 'malformed', alg);
    }
  });

  test('with a public key taken for a shared secret', async () => {
    const tokens = [...(await confusedTokens(rsa, CLAIMS)), ...(await confusedTokens(key, CLAIMS))];
    for (const token of tokens) assert.equal(await verdict(token), 'algorithm');
  });

  test('with a key of their own in the header, or a place to fetch one', async () => {
    const own = { kid: 'key-1', jwk: stranger.publicJwk, jku: issuer.jwks, x5u: issuer.jwks };
    assert.equal(await verdict(await signToken(stranger, CLAIMS, own)), 'bad-signature');
    assert.equal(
      await verdict(await signToken(stranger, CLAIMS, { ...own, kid: undefined })),
      'bad-signature',
    );
  });

  test('by an algorithm that the issuer may not use, though its key would do', async () => {
    const strict = createTestVerifier({ jwks: issuer.jwks, algorithms: ['RS256'] });
    assert.equal(await strict.verdict(await sign()), 'algorithm');
    assert.equal(await strict.verdict(await signToken(rsa, CLAIMS)), 'alice');
  });

  test('by another trusted issuer, in the name of this one', async () => {
    const otherKey = await makeSigningKey('key-1');
    const other = await startIssuer(otherKey);
    try {
      const two = createTestVerifier(
        { jwks: issuer.jwks },
        {
          issuers: parseIssuers({
            first: { issuer: ISSUER, audience: AUDIENCE, jwks: issuer.jwks, subjectPrefix: '' },
            second: { issuer: 'urn:second', audience: AUDIENCE, jwks: other.jwks, subjectPrefix: 'second:' },
          }),
        },
      );
      assert.equal(await two.verdict(await signToken(otherKey, CLAIMS)), 'bad-signature');
      assert.equal(await two.verdict(await sign({ iss: 'urn:second' })), 'bad-signature');
      const theirs = await two.verify(await signToken(otherKey, { ...CLAIMS, iss: 'urn:second' }));
      assert.deepEqual([theirs.subject, theirs.issuer], ['second:alice', 'second']);
      assert.equal((await two.verify(await sign())).issuer, 'first');
    } finally {
      await other.close();
    }
  });
});

const CLAIMS_REFUSED: readonly (readonly [name: string, claims: Claims, code: string])[] = [
  ['expired', { exp: NOW - 60 }, 'expired'],
  ['expired for exactly the tolerance', { exp: NOW - 5 }, 'expired'],
  ['that never expires', { exp: undefined }, 'malformed'],
  ['whose exp is a text', { exp: '2100-01-01' }, 'malformed'],
  ['not yet valid', { nbf: NOW + 60 }, 'not-yet-valid'],
  ['whose nbf is a text', { nbf: 'now' }, 'malformed'],
  ['of another issuer', { iss: 'https://evil.example.com/' }, 'unknown-issuer'],
  ['of an issuer that differs by a slash', { iss: ISSUER.slice(0, -1) }, 'unknown-issuer'],
  ['of an issuer that differs by its case', { iss: ISSUER.toUpperCase() }, 'unknown-issuer'],
  ['of no issuer', { iss: undefined }, 'malformed'],
  ['of several issuers', { iss: [ISSUER] }, 'malformed'],
  ['for another audience', { aud: 'https://other.example.com' }, 'wrong-audience'],
  ['for a longer audience', { aud: `${AUDIENCE}/` }, 'wrong-audience'],
  ['for no audience', { aud: undefined }, 'wrong-audience'],
  ['for an audience that is no text', { aud: { [AUDIENCE]: true } }, 'wrong-audience'],
  ['for nobody of a list', { aud: ['a', 'b'] }, 'wrong-audience'],
  [
    'for our name as a client, where no client is configured',
    { aud: undefined, client_id: AUDIENCE },
    'wrong-audience',
  ],
  ['without a subject', { sub: undefined }, 'no-subject'],
  ['with an empty subject', { sub: '' }, 'no-subject'],
  ['with a number as subject', { sub: 7 }, 'no-subject'],
  ['with a control in its subject', { sub: 'alice\u0000' }, 'no-subject'],
  ['with half a character as subject', { sub: '\ud800' }, 'no-subject'],
  ['with a subject of 256 characters', { sub: 'a'.repeat(256) }, 'no-subject'],
];
for (const [name, claims, code] of CLAIMS_REFUSED) {
  test(`a token ${name} is refused: ${code}`, async () => {
    assert.equal(await verdict(await sign(claims)), code);
  });
}

test('clocks may be apart by the tolerance, and no more', async () => {
  assert.equal(await verdict(await sign({ exp: NOW - 4 })), 'alice');
  assert.equal(await verdict(await sign({ nbf: NOW + 5 })), 'alice');
  assert.equal(await verdict(await sign({ nbf: NOW + 6 })), 'not-yet-valid');
  const exact = createTestVerifier({ jwks: issuer.jwks, clockToleranceSeconds: 0 });
  assert.equal(await exact.verdict(await sign({ exp: NOW })), 'expired');
  assert.equal(await exact.verdict(await sign({ exp: NOW + 1 })), 'alice');
});

test('a token made for something else is refused by its type', async () => {
  for (const typ of ['JWT', 'jwt', 'at+jwt', 'application/at+jwt']) {
    assert.equal(await verdict(await sign({}, { typ })), 'alice', typ);
  }
  for (const typ of ['logout+jwt', 'dpop+jwt', 'secevent+jwt', 'JWTx', '', null, 7]) {
    assert.equal(await verdict(await sign({}, { typ })), 'malformed', String(typ));
  }
});

test('a header that demands to be understood is refused', async () => {
  const headers = [{ crit: ['b64'], b64: true }, { crit: ['exp'], exp: 1 }, { crit: [] }];
  for (const header of headers) {
    const token = `${encodePart({ alg: 'ES256', kid: 'key-1', ...header })}.${claimsPart}.${signaturePart}`;
    assert.equal(await verdict(token), 'malformed');
  }
});

test('a token larger than 8 KiB is refused before anything is done with it', async () => {
  const requests = issuer.requests();
  const large = await sign({ padding: 'x'.repeat(6_200) });
  assert.ok(large.length > 8_192);
  const fresh = createTestVerifier({ jwks: issuer.jwks });
  assert.equal(await fresh.verdict(large), 'too-large');
  assert.equal(await fresh.verdict('a'.repeat(1_000_000)), 'too-large');
  assert.equal(issuer.requests(), requests);
  const fits = await sign({ padding: 'x'.repeat(5_700) });
  assert.ok(fits.length <= 8_192);
  assert.equal(await fresh.verdict(fits), 'alice');
});

test('what is malformed never reaches the keys', async () => {
  const fresh = createTestVerifier({ jwks: issuer.jwks });
  const requests = issuer.requests();
  const parts = (header: unknown, claims: unknown) =>
    `${encodePart(header)}.${encodePart(claims)}.${signaturePart}`;
  const malformed = [
    '',
    '.',
    '..',
    'a.b',
    'a.b.c',
    'a.b.c.d.e',
    ` ${headerPart}.${claimsPart}.${signaturePart}`,
    `${headerPart}.${claimsPart}.${signaturePart}\n`,
    `${headerPart}.${claimsPart}.${signaturePart}=`,
    `${headerPart}.${claimsPart}.sí`,
    parts('null', '{}'),
    parts('[]', '{}'),
    parts('{', '{}'),
    parts({ alg: 'ES256' }, '[]'),
    parts({ alg: 'ES256' }, '7'),
    parts({ alg: 'ES256' }, '"text"'),
    parts({ alg: ['ES256'] }, CLAIMS),
    parts({ alg: 'ES256', kid: { a: 1 } }, CLAIMS),
    parts({ kid: 'key-1' }, CLAIMS),
    parts({ alg: 'ES256' }, '['.repeat(4_000)),
    // JSON with a byte that is no UTF-8.
    `${headerPart}.${Buffer.from(`{"iss":"${ISSUER}","sub":"\u00e9"}`, 'latin1').toString('base64url')}.${signaturePart}`,
  ];
  for (const token of malformed) assert.equal(await fresh.verdict(token), 'malformed', JSON.stringify(token));
  assert.equal(issuer.requests(), requests);
});

/** The bytes of each part: the last character of a signature of 64 bytes has 4 bits that mean nothing. */
function meaningOf(token: string): string[] {
  return token.split('.').map((part) => Buffer.from(part, 'base64url').toString('base64url'));
}

test('no text whatever is believed, breaks anything, or fails otherwise than by a refusal', async () => {
  const json = fc.json().map(encodePart);
  const member = fc.oneof(
    fc.string(),
    fc.jsonValue(),
    fc.constantFrom(ISSUER, AUDIENCE, 'ES256', 'key-1', NOW + 60),
  );
  const names = fc.constantFrom(
    'alg',
    'kid',
    'typ',
    'iss',
    'aud',
    'sub',
    'exp',
    'nbf',
    '__proto__',
    'constructor',
  );
  const object = fc
    .dictionary(names, member, { noNullPrototype: true })
    .map((value) => ({ iss: ISSUER, ...value }));
  const header = object.map((value) => encodePart({ alg: 'ES256', kid: 'key-1', ...value }));
  const part = fc.oneof(json, header, object.map(encodePart), fc.constantFrom(headerPart, claimsPart, ''));
  const mutation = fc
    .tuple(
      fc.nat(headerPart.length + claimsPart.length + signaturePart.length + 1),
      fc.string({ maxLength: 3 }),
    )
    .map(([at, text]) => {
      const token = `${headerPart}.${claimsPart}.${signaturePart}`;
      return `${token.slice(0, at)}${text}${token.slice(at + 1)}`;
    });
  const token = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.tuple(part, part, fc.base64String().map(encodePart)).map((parts) => parts.join('.')),
    mutation,
  );
  const original = `${headerPart}.${claimsPart}.${signaturePart}`;
  await fc.assert(
    fc.asyncProperty(token, async (text) => {
      const said = await verdict(text);
      if (said === 'alice') assert.deepEqual(meaningOf(text), meaningOf(original));
      else assert.match(said, /^[a-z-]+$/);
    }),
    { numRuns: 1_500 },
  );
});

test('a refusal says what was expected and given, and nothing of the token', async () => {
  const claims = { marker: 'PRIVATE-MARKER', sub: 'PRIVATE-SUBJECT' };
  const tokens = await Promise.all([
    sign({ ...claims, exp: NOW - 60 }),
    sign({ ...claims, nbf: NOW + 60 }),
    sign({ ...claims, aud: 'PRIVATE-AUDIENCE' }),
    sign({ ...claims, iss: 'PRIVATE-ISSUER' }),
    sign({ ...claims, sub: 'PRIVATE\n' }),
    sign({ ...claims, exp: undefined }),
    sign(claims, { typ: 'PRIVATE-TYPE' }),
    signToken(stranger, { ...CLAIMS, ...claims }, { kid: 'PRIVATE-KEY' }),
    signToken(stranger, { ...CLAIMS, ...claims }),
  ]);
  for (const token of [...tokens, unsecuredToken(claims, 'x'), 'PRIVATE']) {
    await assert.rejects(Promise.resolve(verify(token)), (error: unknown) => {
      assert.ok(error instanceof TokenError);
      assert.equal(error.retryable, false);
      assert.equal(error.cause, undefined);
      assert.match(error.message, /^expected .*, given /);
      assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)}`, /PRIVATE/);
      return true;
    });
  }
  await assert.rejects(Promise.resolve(verify(tokens[0] ?? '')), /given one that ended 60 s ago$/);
  await assert.rejects(Promise.resolve(verify(tokens[1] ?? '')), /given one that begins in 60 s$/);
});
