/** One story for all examples: a deployment is announced, and the entry is read back. */
import type { Receipt } from '../../contract/messages.ts';
import type { Register } from '../../register.ts';
import type { CodeSample } from './specification.ts';

export const EXAMPLE_ID = '01a1fd1a-a188-7ca3-9704-32359352680a';
export const EXAMPLE_STAMP = '2026-11-21T07:55:43.368790Z';
const EXAMPLE_EPOCH_MS = 1_795_247_743_368;
export const EXAMPLE_CURSOR = 'eyJwIjpbImRlc2MiLCIwMWExZmQxYSJdfQ.3f9a1c';

export const EXAMPLE_PAYLOAD = { event: 'deploy', service: 'checkout', commit: '9f2c1ab' };

export function exampleReceipt({ name, showEpochMs }: Register): Receipt {
  return {
    id: EXAMPLE_ID,
    register: name,
    receivedAt: EXAMPLE_STAMP,
    ...(showEpochMs && { epochMs: EXAMPLE_EPOCH_MS }),
    status: 'stored',
    durability: 'fsync',
    region: 'local',
    duplicate: false,
  };
}

export function exampleEntry({ name, showEpochMs, clientIp }: Register) {
  return {
    id: EXAMPLE_ID,
    register: name,
    receivedAt: EXAMPLE_STAMP,
    ...(showEpochMs && { epochMs: EXAMPLE_EPOCH_MS }),
    subject: '',
    requestId: '5c2e91d0-1',
    ...(clientIp !== 'off' && { clientIp: clientIp === 'full' ? '203.0.113.7' : '203.0.113.0' }),
    protocol: 'http',
    region: 'local',
    contentType: 'application/json',
    payload: EXAMPLE_PAYLOAD,
    status: 'stored',
  } as const;
}

/** @param command what follows `curl`, in order of the arguments; `url` is quoted by the caller where it must be. */
export function curl(label: string, command: string): CodeSample {
  return { lang: 'Shell', label, source: `curl ${command}` };
}
