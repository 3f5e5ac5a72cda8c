/**
 * Whether a request is meant for this server, by the host that it names.
 *
 * Bound to loopback, a request for a foreign host comes from a web page that made its own name point here (DNS
 * rebinding). Bound beyond it, any name may be right, unless some are listed.
 */
import { isLoopback } from '../../access/address.ts';
import type { Config } from '../../config/load.ts';
import { DaybookError } from '../../errors.ts';

/** A name or an address, IPv6 in brackets, and a port (RFC 9110 §7.2). */
const HOST = /^(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/;

/** @param host undefined when there is none, which only HTTP/1.0 may do. @throws {DaybookError} */
export type HostCheck = (host: string | undefined, httpVersion: string) => void;

export function createHostCheck({ host: boundTo, allowedHosts }: Config): HostCheck {
  const anyHost = !isLoopback(boundTo) && allowedHosts.length === 0;
  /** Nearly every request names the same host as the one before. */
  let lastAccepted: string | undefined;
  return (host, httpVersion) => {
    if (host !== undefined && host === lastAccepted) return;
    // Balancers ask for the health with HTTP/1.0; no browser does, so nothing is rebound.
    if (host === undefined && httpVersion === '1.0') return;
    if (host === undefined || !HOST.test(host)) {
      throw new DaybookError(
        'REQUEST_MALFORMED',
        `Host: expected a host and perhaps a port, given ${JSON.stringify(host?.slice(0, 60) ?? 'none')}`,
      );
    }
    const name = host.replace(/:\d*$/, '').toLowerCase();
    if (anyHost || isLoopback(name) || allowedHosts.includes(name)) {
      lastAccepted = host;
      return;
    }
    throw new DaybookError(
      'HOST_UNKNOWN',
      `Host: expected a loopback name or one of allowedHosts, given ${JSON.stringify(host.slice(0, 60))}`,
    );
  };
}
