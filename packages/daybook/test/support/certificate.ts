/**
 * Certificates for tests of TLS: an authority, and certificates of servers that it signed. Written as DER (RFC 5280, §4.1),
 * so that no program of the machine is needed.
 */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isIPv4 } from 'node:net';

export interface Authority {
  /** Its own certificate, PEM. */
  readonly certificate: string;
  /** @param names DNS names and IPv4 addresses. */
  issue(names: readonly string[]): { readonly certificate: string; readonly key: string };
}

const TAG = {
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  utcTime: 0x17,
  time: 0x18,
} as const;
const SEQUENCE = 0x30;
const SET = 0x31;
const TRUE = Buffer.from([0x01, 0x01, 0xff]);
/** ecdsa-with-SHA256; commonName, basicConstraints and subjectAltName. */
const OID = {
  signature: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
  name: [0x55, 0x04, 0x03],
  constraints: [0x55, 0x1d, 0x13],
  names: [0x55, 0x1d, 0x11],
} as const;
/** Context-specific tags of a GeneralName. */
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

export function createAuthority(name: string): Authority {
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const isAuthority = extension(OID.constraints, der(SEQUENCE, TRUE), true);
  return {
    certificate: certify(name, name, own.publicKey, own.privateKey, isAuthority),
    issue(names) {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const alternatives = names.map((each) =>
        isIPv4(each)
          ? der(IP_ADDRESS, Buffer.from(each.split('.').map(Number)))
          : der(DNS_NAME, Buffer.from(each)),
      );
      const named = extension(OID.names, der(SEQUENCE, ...alternatives), false);
      return {
        certificate: certify('server', name, publicKey, own.privateKey, named),
        key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      };
    },
  };
}

function certify(
  subject: string,
  issuer: string,
  publicKey: KeyObject,
  signer: KeyObject,
  more: Buffer,
): string {
  const algorithm = der(SEQUENCE, der(TAG.oid, Buffer.from(OID.signature)));
  const version3 = der(0xa0, der(TAG.integer, Buffer.from([2])));
  const serial = Buffer.concat([Buffer.from([1]), randomBytes(8)]);
  // Valid whatever the machine's clock says.
  const validity = der(
    SEQUENCE,
    der(TAG.utcTime, Buffer.from('000101000000Z')),
    der(TAG.time, Buffer.from('20990101000000Z')),
  );
  const body = der(
    SEQUENCE,
    version3,
    der(TAG.integer, serial),
    algorithm,
    nameOf(issuer),
    validity,
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(SEQUENCE, more)),
  );
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', body, signer)]);
  const base64 = der(SEQUENCE, body, algorithm, der(TAG.bits, signature)).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}

function nameOf(text: string): Buffer {
  const attribute = der(SEQUENCE, der(TAG.oid, Buffer.from(OID.name)), der(TAG.utf8, Buffer.from(text)));
  return der(SEQUENCE, der(SET, attribute));
}

function extension(oid: readonly number[], value: Buffer, critical: boolean): Buffer {
  const flag = critical ? [TRUE] : [];
  return der(SEQUENCE, der(TAG.oid, Buffer.from(oid)), ...flag, der(TAG.octets, value));
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 0x80 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}
