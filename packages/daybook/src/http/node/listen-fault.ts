/**
 * What keeps a server from listening (bind(2), getaddrinfo(3)), as a line that names the key to change.
 */
import { StartError, toError } from '../../errors.ts';

const PORT = 'port (DAYBOOK_PORT, --port)';
const HOST = 'host (DAYBOOK_HOST, --host)';

/** @returns a {@link StartError} for what another host or port helps against; everything else as it is. */
export function listenFault(thrown: unknown, { host, port }: { host: string; port: number }): Error {
  const cause = toError(thrown) as NodeJS.ErrnoException;
  const fault = (message: string) => new StartError(message, { cause });
  switch (cause.code) {
    case 'EADDRINUSE':
      return fault(
        `${PORT}: expected a port of ${host} where nothing listens, given ${port}, which is in use; 0 takes a free one`,
      );
    case 'EACCES':
      return fault(`${PORT}: expected a port that this user may listen on at ${host}, given ${port}`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return fault(`${HOST}: expected an address or name of this machine, given ${host}: ${cause.message}`);
    default:
      return cause;
  }
}
