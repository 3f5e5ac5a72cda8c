/**
 * The URL of a PostgreSQL store, read into what a connection needs. TLS is explicit: what is not said in the URL is not
 * guessed, except that a server on this machine needs none. No message shows the URL, because it may hold a password.
 */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';

import { StartError, toError } from '../../errors.ts';

export interface ConnectionTarget {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Undefined: the server asks for none, or it is given apart from the URL. */
  readonly password: string | undefined;
  readonly tls: ConnectionOptions | false;
  /** `host:port/database`, for messages. */
  readonly server: string;
}

const DEFAULT_PORT = 5432;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/;
const PARAMETERS = ['sslmode', 'sslrootcert'];
const MODES = 'sslmode=disable, require or verify-full';

/**
 * `postgres://user:password@host:port/database?sslmode=…&sslrootcert=…`
 *
 *   disable       no TLS
 *   require       TLS, but anybody may be the server
 *   verify-full   TLS with a certificate that names the host and is signed by `sslrootcert`, else by an authority that
 *                 Node.js knows
 *
 * @throws {StartError} when it is not of this form, or the file of certificates cannot be read.
 */
export function parseConnectionUrl(text: string): ConnectionTarget {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^postgres(?:ql)?:$/.test(url.protocol) || url.hostname === '') {
    throw new StartError('store: expected postgres://user:password@host:port/database, given something else');
  }
  for (const name of url.searchParams.keys()) {
    if (!PARAMETERS.includes(name)) {
      throw new StartError(`store: expected the parameters ${PARAMETERS.join(' and ')}, given "${name}"`);
    }
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  const database = decode(url.pathname.slice(1), 'database');
  const user = decode(url.username, 'user');
  if (database === '' || user === '') {
    throw new StartError(`store: expected a ${user === '' ? 'user' : 'database'} in the URL, given none`);
  }
  return {
    host,
    port,
    database,
    user,
    password: url.password === '' ? undefined : decode(url.password, 'password'),
    tls: readTls(host, url.searchParams.get('sslmode'), url.searchParams.get('sslrootcert')),
    server: `postgres ${url.hostname}:${port}/${database}`,
  };
}

function readTls(host: string, mode: string | null, rootCertificate: string | null): ConnectionTarget['tls'] {
  if (rootCertificate !== null && mode !== 'verify-full') {
    throw new StartError('store: expected sslmode=verify-full with sslrootcert, which nothing else looks at');
  }
  if (mode === 'disable' || (mode === null && LOOPBACK.test(host))) return false;
  if (mode === 'require') return { rejectUnauthorized: false };
  if (mode === 'verify-full') {
    return {
      rejectUnauthorized: true,
      ...(rootCertificate !== null && { ca: readCertificate(rootCertificate) }),
    };
  }
  throw new StartError(`store: expected ${MODES} for a server on another machine, given ${mode ?? 'none'}`);
}

function readCertificate(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    throw new StartError(`store: sslrootcert: ${toError(thrown).message}`, { cause: thrown });
  }
}

function decode(part: string, name: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new StartError(
      `store: expected a ${name} that is percent-encoded, given one that does not decode`,
      { cause },
    );
  }
}
