/**
 * Who may write to a register, read it, and do what only an operator may. Where a request comes from is looked at before
 * its credential, so that nobody outside learns anything about one, or makes the server verify it.
 */
import type { IncomingHttpHeaders } from 'node:http';

import type { Client } from '../access/client-address.ts';
import type { Identity } from '../access/identity.ts';
import { DaybookError } from '../errors.ts';
import type { Access, Direction, Register } from '../register.ts';
import type { LastCaller } from './authenticate.ts';
import type { HttpContext } from './context.ts';
import { assertSameSite } from './cors.ts';

/**
 * @param peer at the other end of the socket, or of the front.
 * @returns whoever writes, as far as the network tells.
 * @throws {DaybookError} CROSS_SITE, ADDRESS_REFUSED
 */
export function letWriterIn(
  { clientOf, assertLetsIn }: Pick<HttpContext, 'clientOf' | 'assertLetsIn'>,
  register: Register,
  headers: IncomingHttpHeaders,
  peer: Client,
): Client {
  assertSameSite(headers, register);
  const client = clientOf(peer, headers);
  assertLetsIn(register, client.address);
  return client;
}

/**
 * @param last of the same connection.
 * @returns whoever calls, undefined where nobody needs to be known; a promise only for a token that was not seen before.
 * @throws {DaybookError} UNAUTHENTICATED, FORBIDDEN, CREDENTIAL_UNVERIFIABLE; also by the promise.
 */
export function admit(
  { authenticate }: Pick<HttpContext, 'authenticate'>,
  register: Register,
  direction: Direction,
  authorization: string | undefined,
  last?: LastCaller,
): Identity | undefined | Promise<Identity> {
  const access = register.access[direction];
  // A credential that nobody asks for is not looked at, so a wrong one does not keep its owner out either.
  if (access === 'open') return undefined;
  const identity = authenticate(authorization, last);
  if (identity instanceof Promise) {
    return identity.then((known) => assertMay(register, direction, access, known));
  }
  return assertMay(register, direction, access, identity);
}

function assertMay(
  register: Register,
  direction: Direction,
  access: Exclude<Access, 'open'>,
  identity: Identity | undefined,
): Identity {
  const role = `${register.name}.${direction}`;
  if (identity === undefined) {
    throw new DaybookError(
      'UNAUTHENTICATED',
      `expected a credential with the role ${role} as Authorization: Bearer <credential>, given none`,
    );
  }
  const { roles, kind } = identity;
  if (roles.has('admin')) return identity;
  if (!roles.has(role)) throw forbidden(role, `a credential with the role ${role}, given one without it`);
  if (access !== 'internal' && kind !== 'admin' && !access.includes(kind)) {
    throw forbidden(role, `a credential of the kind ${access.join(' or ')}, given one of the kind ${kind}`);
  }
  return identity;
}

/** @throws {DaybookError} UNAUTHENTICATED, FORBIDDEN, CREDENTIAL_UNVERIFIABLE */
export async function admitOperator(
  { authenticate }: Pick<HttpContext, 'authenticate'>,
  authorization: string | undefined,
  roles: readonly string[] = ['admin'],
): Promise<Identity> {
  const identity = await authenticate(authorization);
  if (identity === undefined) {
    throw new DaybookError(
      'UNAUTHENTICATED',
      'expected the admin key (the file admin.key of the data directory) or another credential with the role admin as Authorization: Bearer <credential>, given none',
    );
  }
  if (roles.some((role) => identity.roles.has(role))) return identity;
  throw forbidden(roles.join(' '), `a credential with the role ${roles.join(' or ')}, given one without it`);
}

/** RFC 6750 §3.1. */
function forbidden(scope: string, expected: string): DaybookError {
  return new DaybookError('FORBIDDEN', `expected ${expected}`, {
    headers: { 'www-authenticate': `Bearer realm="daybook", error="insufficient_scope", scope="${scope}"` },
  });
}

/** Whose entries alone the caller may see; undefined: everybody's. */
export function ownerOf(register: Register, identity: Identity | undefined): string | undefined {
  return register.ownership && identity?.roles.has('admin') !== true ? (identity?.subject ?? '') : undefined;
}
