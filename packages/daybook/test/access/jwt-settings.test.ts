/** The configuration of issuers: what is accepted, and what is said of each value that is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { issuersSchema } from '../../src/access/jwt/issuer-schema.ts';

const LEAST = {
  issuer: 'https://login.example.com/',
  audience: 'daybook',
  jwks: 'https://login.example.com/jwks',
};

/** `path: message` of the first thing that is wrong; undefined when nothing is. */
function complaint(issuers: unknown): string | undefined {
  const { error } = issuersSchema.safeParse(issuers);
  const [issue] = error?.issues ?? [];
  const message = issue?.code === 'invalid_key' ? issue.issues[0]?.message : issue?.message;
  return issue && `${issue.path.map(String).join('.')}: ${message}`;
}

test('an issuer needs its iss, an audience and its keys; the rest has defaults', () => {
  assert.deepEqual(issuersSchema.parse(undefined), {});
  assert.deepEqual(issuersSchema.parse({ example: LEAST }), {
    example: {
      ...LEAST,
      algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      subjectClaim: 'sub',
      roleClaims: ['roles', 'Role', 'scope', 'cognito:groups'],
      rolePrefix: '',
      clockToleranceSeconds: 5,
    },
  });
});

test('keys are at an https URL, at a loopback one, or in a file', () => {
  const places = [
    'https://a.example/k?x=1',
    'http://127.0.0.1:8080/k',
    'http://localhost/k',
    'http://[::1]/k',
    'keys.json',
    '/etc/k',
  ];
  for (const jwks of places) assert.equal(complaint({ a: { ...LEAST, jwks } }), undefined, jwks);
});

const WRONG: readonly (readonly [settings: object, expected: RegExp])[] = [
  [{ issuer: undefined }, /^a\.issuer: expected the exact iss of its tokens, given nothing$/],
  [{ issuer: '' }, /^a\.issuer: expected .*, given ""$/],
  [
    { audience: undefined },
    /^a\.audience: expected the aud of tokens for this server, or clientId, given neither$/,
  ],
  [{ audience: [] }, /^a\.audience: expected .*, given \[\]$/],
  [{ audience: [7] }, /^a\.audience: expected .*, given \[7\]$/],
  [{ clientId: '' }, /^a\.clientId: expected .*, given ""$/],
  [{ jwks: undefined }, /^a\.jwks: expected an https URL .*, given nothing$/],
  [
    { jwks: 'http://login.example.com/jwks' },
    /^a\.jwks: expected an https URL .*; http to this machine only, given "http:/,
  ],
  [{ jwks: 'http://127.0.0.1.example.com/jwks' }, /^a\.jwks: /],
  [{ jwks: 'ftp://login.example.com/jwks' }, /^a\.jwks: /],
  [{ jwks: 'https://user:secret@login.example.com/jwks' }, /^a\.jwks: .*user:…@login/],
  [{ jwks: 'https://user@login.example.com/jwks' }, /^a\.jwks: /],
  [{ jwks: 'https://' }, /^a\.jwks: /],
  [{ algorithms: [] }, /^a\.algorithms: expected a list of RS256, .*, given \[\]$/],
  [{ algorithms: ['HS256'] }, /^a\.algorithms: expected a list of RS256, .*, given \["HS256"\]$/],
  [{ algorithms: ['RS256', 'none'] }, /^a\.algorithms: expected .*, given \["RS256","none"\]$/],
  [{ algorithms: 'RS256' }, /^a\.algorithms: expected .*, given "RS256"$/],
  [{ roleClaims: [''] }, /^a\.roleClaims: expected a list of names of claims/],
  [
    { clockToleranceSeconds: 3_600 },
    /^a\.clockToleranceSeconds: expected a whole number from 0 to 300, given 3600$/,
  ],
  [{ secret: 'x' }, /^a: /],
];
for (const [settings, expected] of WRONG) {
  test(`${JSON.stringify(settings)} is refused`, () => {
    assert.match(complaint({ a: { ...LEAST, ...settings } }) ?? 'nothing', expected);
  });
}

test('names are those of registers', () => {
  assert.match(complaint({ 'My Issuer': LEAST }) ?? '', /expected an issuer name of .*, given "My Issuer"$/);
});

test('several issuers differ by their iss, and say whether their subjects are the same people', () => {
  const other = { ...LEAST, issuer: 'urn:other' };
  assert.match(
    complaint({ a: { ...LEAST, subjectPrefix: '' }, b: { ...LEAST, subjectPrefix: 'b:' } }) ?? '',
    /^b\.issuer: expected another iss than issuers\.a has, given "https:\/\/login\.example\.com\/"$/,
  );
  assert.match(
    complaint({ a: LEAST, b: other }) ?? '',
    /^a\.subjectPrefix: expected a text because there are several issuers/,
  );
  assert.match(complaint({ a: { ...LEAST, subjectPrefix: '' }, b: other }) ?? '', /^b\.subjectPrefix: /);
  assert.equal(
    complaint({ a: { ...LEAST, subjectPrefix: '' }, b: { ...other, subjectPrefix: 'b:' } }),
    undefined,
  );
});
