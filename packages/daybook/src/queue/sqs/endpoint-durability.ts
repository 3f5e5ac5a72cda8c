/**
 * What can be known of the durability behind an address: that of the vendor, where the certificate of an HTTPS
 * connection proves that it is the vendor; otherwise nothing.
 */
import type { DurabilityLevel } from '../../durability.ts';

/** The DNS suffixes of the AWS partitions, and `api.aws` of the endpoints that speak IPv6. */
const VENDOR_DOMAINS = [
  'amazonaws.com',
  'amazonaws.com.cn',
  'amazonaws.eu',
  'api.aws',
  'c2s.ic.gov',
  'cloud.adc-e.uk',
  'csp.hci.ic.gov',
  'sc2s.sgov.gov',
];

/**
 * VPC endpoints and FIPS endpoints are the vendor's as well. Statements: "What is Amazon SQS", "Durability", in the Amazon
 * SQS Developer Guide; "Amazon SNS message durability" in the Amazon SNS Developer Guide.
 */
export function endpointDurability(
  endpoint: string,
  service: 'SQS' | 'SNS' = 'SQS',
): { level: DurabilityLevel; proof: string } {
  const { protocol, hostname } = new URL(endpoint);
  const isVendor = VENDOR_DOMAINS.some((domain) => hostname.endsWith(`.${domain}`));
  if (protocol === 'https:' && isVendor) {
    const proof = `${service} stores a message on several servers before it answers: statement of its vendor`;
    return { level: 'replicated-fsync', proof };
  }
  return { level: 'memory', proof: `nothing is known of how the service at ${endpoint} keeps messages` };
}
