/** What the access of a register means in the document: who may, in words and as security, and how others are refused. */
import type { ErrorCode } from '../../errors.ts';
import type { Access, CredentialKind, Direction, Register } from '../../register.ts';
import { CREDENTIAL_CODES } from './problems.ts';
import type { Operation } from './specification.ts';

const KINDS: Readonly<Record<CredentialKind, string>> = { key: 'an API key', jwt: 'a token' };

const OWNERSHIP =
  'An entry belongs to the subject of the credential that wrote it. Everybody lists, reads, counts and follows their own entries alone, and an entry of somebody else is answered as one that never was; an admin sees all.';

/** Undefined where nobody needs to be known. Each element is one way in. */
export function securityOf({ name, access }: Register, direction: Direction): Operation['security'] {
  if (access[direction] === 'open') return undefined;
  return [{ bearer: [`${name}.${direction}`] }, { bearer: ['admin'] }];
}

/** Refusals that only a register with these settings has, by what they are called in the names of components. */
export function accessProblems(
  { access, allowFrom }: Register,
  direction: Direction,
): Record<string, readonly ErrorCode[]> {
  return {
    ...(access[direction] !== 'open' && { Guarded: CREDENTIAL_CODES }),
    ...(allowFrom && { Networks: ['ADDRESS_REFUSED'] }),
  };
}

export function registerInWords(register: Register): string {
  const { name, access, allowFrom, retentionDays } = register;
  return [
    access.write === 'open' && access.read === 'open'
      ? `The register ${name}, open to anybody who reaches it.`
      : `The register ${name}. Written ${wayIn(register, 'write')}; read ${wayIn(register, 'read')}.`,
    register.ownership && OWNERSHIP,
    allowFrom && `Only from ${allowFrom.join(', ')}.`,
    retentionDays !== undefined && `Entries expire after ${retentionDays} days.`,
  ]
    .filter((sentence) => typeof sentence === 'string')
    .join(' ');
}

function wayIn({ name, access }: Register, direction: Direction): string {
  const given = access[direction];
  if (given === 'open') return 'by anybody who reaches it';
  if (given === 'internal') return 'by Daybook itself';
  return `with ${kindsInWords(given)} that has the role ${name}.${direction}`;
}

function kindsInWords(kinds: Exclude<Access, string>): string {
  return kinds.map((kind) => KINDS[kind]).join(' or ');
}

/** What is said of an operation, after whose entries it is about. */
export function withOwnership({ ownership }: Register, description: string): string {
  return ownership ? `${OWNERSHIP} ${description}` : description;
}

/** For a command to copy. */
export function credentialField({ access }: Register, direction: Direction): string {
  const given = access[direction];
  if (typeof given === 'string') return '';
  return `-H "Authorization: Bearer $${given.includes('jwt') ? 'TOKEN' : 'KEY'}" `;
}
