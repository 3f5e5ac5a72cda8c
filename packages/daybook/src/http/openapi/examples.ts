/** One story for all examples: a deployment is announced, and the entry is read back. */
import type { Receipt } from '../../contract/messages.ts';
import type { Register } from '../../register.ts';
import { examplePayload } from './example-payload.ts';
import type { CodeSample } from './specification.ts';

export const EXAMPLE_ID = '01a1fd1a-a188-7ca3-9704-32359352680a';
export const EXAMPLE_STAMP = '2026-11-21T07:55:43.368790Z';
const EXAMPLE_EPOCH_MS = 1_795_247_743_368;
export const EXAMPLE_KEY_ID = '5c2e91d07f3b6a18';
export const EXAMPLE_CURSOR = 'eyJwIjpbImRlc2MiLCIwMWExZmQxYSJdfQ.3f9a1c';

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

export function exampleEntry(register: Register) {
  const { name, showEpochMs, clientIp } = register;
  const payload = examplePayload(register);
  return {
    id: EXAMPLE_ID,
    register: name,
    receivedAt: EXAMPLE_STAMP,
    ...(showEpochMs && { epochMs: EXAMPLE_EPOCH_MS }),
    subject: exampleSubject(register),
    requestId: '5c2e91d04b7fa386',
    ...(clientIp !== 'off' && { clientIp: clientIp === 'full' ? '203.0.113.7' : '203.0.113.0' }),
    protocol: 'http',
    region: 'local',
    ...(payload !== undefined && { contentType: 'application/json', payload }),
    status: 'stored',
  } as const;
}

/** An entry as text. */
export function textLine({ receivedAt, id, payload }: ReturnType<typeof exampleEntry>): string {
  return `${receivedAt}\t${id}\t${payload === undefined ? '' : JSON.stringify(payload)}\n`;
}

function exampleSubject({ access: { write } }: Register): string {
  if (write === 'open') return '';
  if (write === 'internal') return 'daybook:admin';
  return write.includes('jwt') ? 'alice' : 'key:ci';
}

/** @param command what follows `curl`, in order of the arguments; `url` is quoted by the caller where it must be. */
export function curl(label: string, command: string): CodeSample {
  return { lang: 'Shell', label, source: `curl ${command}` };
}
