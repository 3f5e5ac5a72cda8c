/**
 * What a verified credential says: who calls, and what the caller may do. It is made from a credential only, never
 * from a body or a header field of the caller's choice, and it never changes.
 */

export interface Identity {
  /** Who owns the entries that the caller writes; {@link isSubject} holds. */
  readonly subject: string;
  /** `<register>.read`, `<register>.write`, `admin`, `metrics`; nothing else gets in. */
  readonly roles: ReadonlySet<string>;
  /** By which kind of credential: a token of an issuer, an API key, or the admin key of the data directory. */
  readonly kind: 'jwt' | 'key' | 'admin';
  /** The name that the configuration gives to the issuer of a token. */
  readonly issuer?: string;
}

/** Of a token. */
export interface TokenIdentity extends Identity {
  readonly issuer: string;
  /** The token's `exp` and the tolerance for clocks; Unix milliseconds. */
  readonly expiresAtMs: number;
}

/** The register's name is that of `register.ts`. */
const ROLE = /^(?:admin|metrics|[a-z][a-z0-9-]{0,62}\.(?:read|write))$/;
/** OpenID Connect Core 1.0 §2 has the same bound for `sub`. */
const MAX_SUBJECT_CHARACTERS = 255;

/** Roles that Daybook does not know (those of other applications) are left out, so an identity stays small. */
export function createIdentity<T extends Omit<Identity, 'roles'>>(
  identity: T & { readonly roles: Iterable<string> },
): Omit<T, 'roles'> & Pick<Identity, 'roles'> {
  return Object.freeze({ ...identity, roles: new Set([...identity.roles].filter(isRole)) });
}

export function isRole(text: string): boolean {
  return ROLE.test(text);
}

/**
 * 1 to 255 characters without controls: U+0000 cannot be stored by every driver, and no subject may steer a terminal.
 */
export function isSubject(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= MAX_SUBJECT_CHARACTERS &&
    value.isWellFormed() &&
    !/\p{Cc}/u.test(value)
  );
}
