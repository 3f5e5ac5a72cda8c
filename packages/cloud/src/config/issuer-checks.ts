/**
 * Whether whoever verifies tokens reaches the keys of who issued them: those are fetched from the internet, and a network
 * leads there only where it is said to.
 */
import type { Config } from 'daybook/deployment';

import { ConfigError } from './fault.ts';
import type { Deployment } from './schema.ts';

/** Another port than that of HTTPS. */
const OTHER_PORT = /^http:|^https:\/\/[^/]*:(?!443(?:\/|$))\d+/i;

/** @throws {ConfigError} one line: the key, what was expected, what was given. */
export function assertIssuersReached(
  { access, network, services }: Deployment,
  issuers: Config['issuers'],
): void {
  if (services === undefined && network?.egress === 'nat')
    throw new ConfigError(
      'network.egress: expected "none", because there are no services, and functions that go out stand outside of the network, given "nat"',
    );
  const [first] = Object.keys(issuers);
  const key = first === undefined ? 'access.cognito' : `access.issuers.${first}`;
  const hasIssuers = access.cognito || first !== undefined;
  // No route leads functions from the network to the internet, so that every token would be answered 503 for ever.
  if (services === undefined && network !== undefined && hasIssuers && access.authorizer === 'off')
    throw new ConfigError(
      'access.authorizer: expected one, in front of a rest-api, because the keys of issuers cannot be reached from a network, given "off"',
    );
  if (services !== undefined && hasIssuers && network?.egress !== 'nat')
    throw new ConfigError(
      `network.egress: expected "nat", because the keys of ${key} are on the internet, and the tier api has no other way there, given ${JSON.stringify(network?.egress)}`,
    );
  for (const [name, { jwks }] of Object.entries(issuers)) {
    if (!/^https?:/i.test(jwks))
      throw new ConfigError(
        `access.issuers.${name}.jwks: expected an https URL, because no file of keys is deployed, given ${JSON.stringify(jwks)}`,
      );
    if (services !== undefined && OTHER_PORT.test(jwks))
      throw new ConfigError(
        `access.issuers.${name}.jwks: expected an https URL on port 443, because the tier api is let out to no other, given ${JSON.stringify(jwks)}`,
      );
  }
}
