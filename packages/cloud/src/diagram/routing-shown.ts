/**
 * The name of several regions, as its records and health checks say it.
 */
import type { Part } from './part.ts';
import type { References } from './references.ts';
import { valuesAt } from './references.ts';
import type { Surrounding } from './surroundings.ts';

/** @returns undefined where no name leads to all regions. */
export function routingShown(from: References): Part | undefined {
  const records = from.all('AWS::Route53::RecordSet');
  const [check] = from.all('AWS::Route53::HealthCheck');
  const [record] = records;
  if (record === undefined || check === undefined) return undefined;
  const weights = records.map(({ properties }) => String(properties['Weight'])).join(' : ');
  const { ResourcePath, RequestInterval } = valuesAt(check.properties, 'HealthCheckConfig');
  const lines = [
    `${weights}, for ${String(record.properties['TTL'])} s`,
    `asks ${String(ResourcePath)}, ${String(RequestInterval)} s`,
  ];
  return { name: 'routing', kind: 'front', title: 'Route 53', lines, inside: false };
}

export function routingSurroundings(from: References): readonly Surrounding[] {
  const [record] = from.all('AWS::Route53::RecordSet');
  if (record === undefined) return [];
  const alarms = from.all('AWS::CloudWatch::Alarm');
  return [
    { title: 'Domain', text: String(record.properties['Name']).replace(/\.$/, '') },
    { title: 'Its alarms', text: `${alarms.length}, in us-east-1` },
  ];
}
