/**
 * An issuer of tokens on loopback: it publishes its keys over HTTP, rotates them, and fails in the ways that issuers
 * do. Its tokens are made by hand where a library would refuse to make them.
 */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { CryptoKey, JWK } from 'jose';
import { CompactSign, exportJWK, exportSPKI, generateKeyPair } from 'jose';

export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly publicJwk: JWK;
}

/** How the next requests for the keys are answered. */
export type IssuerMode = 'ok' | 'error' | 'silent' | 'dripping' | 'huge' | 'html' | 'no-keys' | 'redirect';

export interface IssuerServer {
  /** `http://127.0.0.1:PORT/jwks.json` */
  readonly jwks: string;
  mode: IssuerMode;
  published: readonly JWK[];
  /** Where `redirect` leads. */
  location: string;
  /** Requests for the keys so far. */
  requests(): number;
  close(): Promise<void>;
}

export async function makeSigningKey(kid: string, alg = 'ES256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return {
    kid,
    alg,
    privateKey,
    publicKey,
    publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' },
  };
}

export async function startIssuer(...keys: readonly SigningKey[]): Promise<IssuerServer> {
  let requests = 0;
  const server = createServer((request, response) => {
    request.resume();
    requests += 1;
    answer(issuer, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const issuer: IssuerServer = {
    jwks: `http://127.0.0.1:${port}/jwks.json`,
    mode: 'ok',
    published: keys.map(({ publicJwk }) => publicJwk),
    location: '',
    requests: () => requests,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return issuer;
}

function answer({ mode, published, location }: IssuerServer, response: ServerResponse): void {
  const json = { 'content-type': 'application/json' };
  if (mode === 'ok') response.writeHead(200, json).end(JSON.stringify({ keys: published }));
  else if (mode === 'error') response.writeHead(503).end('down');
  else if (mode === 'html') response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Sign in</h1>');
  else if (mode === 'no-keys') response.writeHead(200, json).end('{"error":"none"}');
  else if (mode === 'redirect') response.writeHead(302, { location }).end();
  else if (mode === 'huge') {
    // Valid at its beginning and far from its end: only a bound on what is read ends this.
    response.writeHead(200, json).write(`{"keys":${JSON.stringify(published)},"more":"`);
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
    };
    response.on('drain', more);
    more();
  } else if (mode === 'dripping') response.writeHead(200, json).write('{');
  // silent: no answer at all.
}

export type Claims = Readonly<Record<string, unknown>>;

/** A token of these claims, signed properly. */
export function signToken(
  { kid, alg, privateKey }: SigningKey,
  claims: Claims | Uint8Array,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const payload = claims instanceof Uint8Array ? claims : Buffer.from(JSON.stringify(claims));
  return new CompactSign(payload).setProtectedHeader({ alg, kid, ...header }).sign(privateKey);
}

export function encodePart(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

/** `alg: none`, RFC 7519 §6. */
export function unsecuredToken(claims: Claims, signature = ''): string {
  return `${encodePart({ alg: 'none' })}.${encodePart(claims)}.${signature}`;
}

/** The public key, as everybody can read it, taken for a shared secret. */
export async function confusedTokens(
  { kid, publicKey, publicJwk }: SigningKey,
  claims: Claims,
): Promise<string[]> {
  const secrets = [
    await exportSPKI(publicKey),
    `${await exportSPKI(publicKey)}\n`,
    JSON.stringify(publicJwk),
  ];
  return secrets.map((secret) => {
    const input = `${encodePart({ alg: 'HS256', kid })}.${encodePart(claims)}`;
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
  });
}
