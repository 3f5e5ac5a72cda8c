/**
 * Where the smoke test may post: a register that is open, or one that the operator named. What is posted stays on record.
 */
import { parseDaybookConfig, PROBE_REGISTER } from '../config/daybook-config.ts';
import type { Deployment } from '../config/schema.ts';
import { UsageError } from '../failure.ts';

/**
 * @returns undefined when there is none that takes any payload from anybody.
 * @throws {UsageError} when the one that is wanted does not exist, or needs a credential and none was given.
 */
export function openRegister(
  deployment: Deployment,
  { wanted, hasKey }: { readonly wanted: string | undefined; readonly hasKey: boolean },
): string | undefined {
  const { registers } = parseDaybookConfig(deployment);
  const open = registers
    .filter(({ access, schema }) => access.write === 'open' && access.read === 'open' && schema === undefined)
    .map(({ name }) => name);
  if (wanted === undefined) return open.includes(PROBE_REGISTER) ? PROBE_REGISTER : open[0];
  const names = registers.map(({ name }) => name);
  if (!names.includes(wanted)) {
    throw new UsageError(`--smoke-register: expected one of ${names.join(', ')}; given ${wanted}`);
  }
  if (!open.includes(wanted) && !hasKey) {
    throw new UsageError(`--smoke-register: expected --api-key as well, because ${wanted} is not open`);
  }
  return wanted;
}
