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
export function assertIssuersReached(deployment: Deployment, issuers: Config['issuers']): void {
  const { access, network, services } = deployment;
  const [first] = Object.keys(issuers);
  const key = first === undefined ? 'access.cognito' : `access.issuers.${first}`;
  const hasIssuers = access.cognito || first !== undefined;
  // An authorizer stands outside of the network, and the function behind it believes what it says.
  const isInside = network !== undefined && access.authorizer === 'off';
  const verifier = services === undefined ? 'function api' : 'tier api';
  if (services === undefined && network?.egress === 'nat' && !(hasIssuers && isInside))
    throw new ConfigError(
      `network.egress: expected "none", because only the keys of issuers are out there, and ${isInside ? 'there are no issuers' : 'the authorizer fetches them from outside of the network'}, given "nat"`,
    );
  if (hasIssuers && isInside && network.egress === 'none') throw missingWayOut(deployment, key, verifier);
  for (const [name, { jwks }] of Object.entries(issuers)) {
    if (!/^https?:/i.test(jwks))
      throw new ConfigError(
        `access.issuers.${name}.jwks: expected an https URL, because no file of keys is deployed, given ${JSON.stringify(jwks)}`,
      );
    if (isInside && OTHER_PORT.test(jwks))
      throw new ConfigError(
        `access.issuers.${name}.jwks: expected an https URL on port 443, because the ${verifier} is let out to no other, given ${JSON.stringify(jwks)}`,
      );
  }
}

/** Every token would be answered 503 for ever. */
function missingWayOut({ front }: Deployment, key: string, verifier: string): ConfigError {
  const why = `the keys of ${key} are on the internet, and the ${verifier} has no other way there`;
  // API Gateway can have them verified outside, for nothing while nobody calls.
  if (front.kind === 'rest-api')
    return new ConfigError(
      `access.authorizer: expected one, or network.egress "nat", because ${why}, given "off"`,
    );
  return new ConfigError(`network.egress: expected "nat", because ${why}, given "none"`);
}
