/**
 * What no single key can say of itself: keys that need one another, and sizes that the parts of a deployment allow.
 */
import { entryCeilings } from './ceilings.ts';
import { parseDaybookConfig, PROBE_REGISTER } from './daybook-config.ts';
import { ConfigError } from './fault.ts';
import { assertIssuersReached } from './issuer-checks.ts';
import { isSpread, regionalHost } from './places.ts';
import type { Deployment } from './schema.ts';
import { assertServicesFit } from './service-checks.ts';

/** @throws {ConfigError} one line: the key, what was expected, what was given. */
export function assertFits(deployment: Deployment): void {
  assertPartsFit(deployment);
  assertZonesFit(deployment);
  assertServicesFit(deployment);
  if (isSpread(deployment)) assertRegionsFit(deployment);
  const { registers, issuers } = parseDaybookConfig(deployment);
  assertIssuersReached(deployment, issuers);
  if (deployment.observe.probe && PROBE_REGISTER in deployment.registers)
    throw new ConfigError(
      `registers.${PROBE_REGISTER}: expected another name, because observe.probe has a register of this one`,
    );
  const [ceiling] = entryCeilings(deployment);
  const tooLarge = registers.find(({ maxEntryBytes }) => ceiling && maxEntryBytes > ceiling.bytes);
  if (ceiling !== undefined && tooLarge !== undefined)
    throw new ConfigError(
      `registers.${tooLarge.name}.maxEntryBytes: expected at most ${ceiling.bytes}, what ${ceiling.what} holds, given ${tooLarge.maxEntryBytes}`,
    );
}

function assertPartsFit({ front, network, domain, store, access, observe }: Deployment): void {
  if (front.kind === 'alb' && network === undefined)
    throw new ConfigError('network: expected a network, because front.kind is alb, given nothing');
  if (access.authorizer !== 'off' && front.kind !== 'rest-api')
    throw new ConfigError(
      `access.authorizer: expected "off", because only a rest-api has authorizers, given front.kind ${front.kind}`,
    );
  if (access.authorizer !== 'off' && Object.keys(access.issuers).length === 0 && !access.cognito)
    throw new ConfigError(
      'access.issuers: expected at least one issuer, or access.cognito, because access.authorizer is on, given none',
    );
  if (observe.probe && front.allowFrom.length > 0)
    throw new ConfigError(
      'observe.probe: expected false, because front.allowFrom would refuse it: it calls from addresses that nobody knows, given true',
    );
  const { capacity } = store;
  if (capacity.mode === 'provisioned' && capacity.max < capacity.min)
    throw new ConfigError(
      `store.capacity.max: expected at least ${capacity.min}, as store.capacity.min, given ${capacity.max}`,
    );
  if (domain !== undefined && domain.name !== domain.zoneName && !domain.name.endsWith(`.${domain.zoneName}`))
    throw new ConfigError(
      `domain.name: expected a name in the zone ${domain.zoneName}, given ${JSON.stringify(domain.name)}`,
    );
}

function assertZonesFit({ network, regions }: Deployment): void {
  if (network?.zoneNames === undefined) return;
  const { zones, zoneNames } = network;
  const [region, another] = regions;
  const given = zoneNames.join(', ') || 'none';
  if (another !== undefined)
    throw new ConfigError(
      `network.zoneNames: expected none, because each of several regions has its own, given ${given}`,
    );
  const isRight = new Set(zoneNames).size === zones && zoneNames.length === zones;
  if (!isRight || !zoneNames.every((zone) => zone.slice(0, -1) === region))
    throw new ConfigError(
      `network.zoneNames: expected ${zones} zones of ${String(region)}, as network.zones, each once, given ${given}`,
    );
}

/** "Certificate characteristics", AWS Certificate Manager User Guide: of a certificate's first name. */
const MAX_HOST = 64;
/** Where Route 53 publishes its metrics elsewhere, and reaches accounts of its own. */
const OTHER_PARTITION = /^(?:cn|us-gov|us-iso[a-z]?|eusc|eu-isoe)-/;

/** What holds only where there are several. */
function assertRegionsFit({ regions, front, domain, access }: Deployment): void {
  const twice = regions.find((region, index) => regions.indexOf(region) !== index);
  if (twice !== undefined) throw new ConfigError(`regions: expected each once, given ${twice} twice`);
  const elsewhere = regions.find((region) => OTHER_PARTITION.test(region));
  if (elsewhere !== undefined)
    throw new ConfigError(
      `regions: expected several of AWS's commercial regions only, or one, given ${elsewhere}`,
    );
  if (access.cognito)
    throw new ConfigError(
      'access.cognito: expected false, because a user pool is of one region and regions has several, given true',
    );
  if (domain === undefined) return;
  if (front.allowFrom.length > 0)
    throw new ConfigError(
      `front.allowFrom: expected nobody, because Route 53 asks each of several regions from addresses of its own, given ${front.allowFrom.join(', ')}`,
    );
  if (domain.name === domain.zoneName)
    throw new ConfigError(
      `domain.name: expected a name below ${domain.zoneName}, because the zone's own name cannot have the records of several regions, given ${JSON.stringify(domain.name)}`,
    );
  const long = regions.map((region) => regionalHost(domain, region)).find((host) => host.length > MAX_HOST);
  if (long !== undefined)
    throw new ConfigError(
      `domain.name: expected at most ${MAX_HOST} characters with a region before it, given ${long}`,
    );
}
