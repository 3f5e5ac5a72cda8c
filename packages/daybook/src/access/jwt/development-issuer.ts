/**
 * An issuer for trying things out: a key pair in the data directory, made once. Whoever can read its private key can
 * be anybody, so a server believes it only where the configuration says so.
 *
 * The private key is the one truth; the key set beside it is derived from it. So two commands that make the issuer at
 * the same moment end with the same keys, and a crash in between leaves nothing that does not fit together.
 */
import { chmodSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { JWK } from 'jose';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';

import { toError } from '../../errors.ts';
import { makeDirectory } from '../../file-system/make-directory.ts';
import { randomId } from '../../id.ts';

const ALGORITHM = 'ES256';
const OWNER_ONLY = 0o600;

export interface DevelopmentToken {
  readonly subject: string;
  readonly roles: readonly string[];
  readonly issuer: string;
  readonly audience: string;
  /** Unix seconds. */
  readonly issuedAt: number;
  /** Unix seconds. */
  readonly expiresAt: number;
}

export interface DevelopmentIssuer {
  sign(token: DevelopmentToken): Promise<string>;
}

/** What a configuration says to believe the development issuer of this data directory. */
export function developmentIssuerSettings(dataDir: string) {
  return {
    issuer: 'urn:daybook:development',
    audience: 'daybook',
    jwks: resolve(dataDir, 'dev-issuer', 'jwks.json'),
    algorithms: [ALGORITHM],
    /** It may name anybody: that is what it is for. */
    subjectPrefix: '',
  };
}

/** Opens the development issuer of a data directory; the first call makes it. @throws {Error} naming the file. */
export async function openDevelopmentIssuer(dataDir: string): Promise<DevelopmentIssuer> {
  const { jwks } = developmentIssuerSettings(dataDir);
  const file = join(jwks, '..', 'private-key.json');
  try {
    makeDirectory(join(file, '..'));
    const privateJwk = readJson(file) ?? (await makePrivateKey(file));
    chmodSync(file, OWNER_ONLY);
    const { kty, crv, x, y } = privateJwk;
    const publicJwk = { kty, crv, x, y } as JWK;
    const kid = await calculateJwkThumbprint(publicJwk);
    const document = `${JSON.stringify({ keys: [{ ...publicJwk, kid, alg: ALGORITHM, use: 'sig' }] })}\n`;
    if (readText(jwks) !== document) renameSync(writeTemporary(jwks, document), jwks);
    const key = await importJWK(privateJwk, ALGORITHM);
    return {
      sign: ({ subject, roles, issuer, audience, issuedAt, expiresAt }) =>
        new SignJWT({ roles: [...roles] })
          .setProtectedHeader({ alg: ALGORITHM, kid, typ: 'JWT' })
          .setSubject(subject)
          .setIssuer(issuer)
          .setAudience(audience)
          .setIssuedAt(issuedAt)
          .setExpirationTime(expiresAt)
          .sign(key),
    };
  } catch (thrown) {
    const expected = 'expected the private key of the development issuer, or a place to make it';
    throw new Error(`${file}: ${expected}: ${toError(thrown).message}`, { cause: thrown });
  }
}

/** Linking does not replace, so the first of two makers wins and the other takes what it made. */
async function makePrivateKey(file: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const temporary = writeTemporary(file, `${JSON.stringify(await exportJWK(privateKey))}\n`);
  try {
    linkSync(temporary, file);
  } catch (thrown) {
    if ((toError(thrown) as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  } finally {
    rmSync(temporary);
  }
  return readJson(file) as JWK;
}

function writeTemporary(file: string, text: string): string {
  const temporary = `${file}.${randomId()}`;
  writeFileSync(temporary, text, { mode: OWNER_ONLY, flag: 'wx', flush: true });
  return temporary;
}

function readJson(file: string): JWK | undefined {
  const text = readText(file);
  return text === undefined ? undefined : (JSON.parse(text) as JWK);
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    if ((toError(thrown) as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}
