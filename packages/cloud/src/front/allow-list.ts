/**
 * Lets in only callers of some networks, at CloudFront itself: behind it the balancer sees CloudFront's addresses and no
 * caller's. A function of CloudFront's, so that it is there in every region, and nobody who is refused reaches the
 * deployment.
 */
import { problemOf } from 'daybook/deployment';

import { ConfigError } from '../config/fault.ts';

/** "Quotas on CloudFront Functions", Amazon CloudFront Developer Guide. */
const MAX_CODE_BYTES = 10 * 1024;

/** @throws {ConfigError} when there are more networks than a function holds. */
export function allowListCode(networks: readonly string[]): string {
  const prefixes = networks.map((network) => {
    const [address = '', length = ''] = network.split('/');
    return family(address) + bitsOf(address).slice(0, Number(length));
  });
  const refusal = JSON.stringify(
    problemOf('FORBIDDEN', {
      detail: 'your address is in none of the networks that are let in (front.allowFrom)',
      requestId: 'unknown',
    }),
  );
  const code = `${family.toString()}
${bitsOf.toString()}
const PREFIXES = ${JSON.stringify(prefixes)};
function handler(event) {
  const address = event.viewer.ip;
  const bits = family(address) + bitsOf(address);
  if (PREFIXES.some((prefix) => bits.startsWith(prefix))) return event.request;
  return {
    statusCode: 403,
    statusDescription: 'Forbidden',
    headers: { 'content-type': { value: 'application/problem+json' }, 'cache-control': { value: 'no-store' } },
    body: ${JSON.stringify(refusal)},
  };
}
`;
  if (Buffer.byteLength(code) <= MAX_CODE_BYTES) return code;
  throw new ConfigError(
    `front.allowFrom: expected networks that fit into ${MAX_CODE_BYTES} bytes of a function of CloudFront's, given ${networks.length}`,
  );
}

/** So that no address of one is taken for one of the other. */
function family(address: string): string {
  return address.indexOf(':') < 0 ? '4' : '6';
}

/** The functions above and here run in CloudFront as they are written ("JavaScript runtime 2.0 features"). */
function bitsOf(address: string): string {
  if (address.indexOf(':') < 0)
    return address
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('');
  const halves = address.split('::');
  const head = (halves[0] || '').split(':').filter((part) => part !== '');
  const tail = (halves[1] || '').split(':').filter((part) => part !== '');
  while (head.length + tail.length < 8) head.push('0');
  return head
    .concat(tail)
    .map((part) => parseInt(part, 16).toString(2).padStart(16, '0'))
    .join('');
}
