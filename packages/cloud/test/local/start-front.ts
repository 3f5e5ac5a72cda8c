/** The front that a template has, on ports of this machine: a REST API at one, a balancer at one for each listener. */
import { LIMITS } from './front/limits.ts';
import type { HealthCheck } from './front/balancer.ts';
import { balancerTooLarge, checkHealth, createListener } from './front/balancer.ts';
import { readBalancerPlan } from './front/balancer-plan.ts';
import type { FindFunction } from './front/balancer.ts';
import { createRestApi } from './front/rest-api.ts';
import { readRestApiPlan } from './front/rest-api-plan.ts';
import type { LocalFront } from './front.ts';
import { startFront } from './front.ts';
import type { ResolvedStack } from './template/resolve-template.ts';

export interface StartedFront {
  /** Where a client of the deployment begins: with the stage, or the listener that forwards. Without a slash at its end. */
  readonly url: string;
  /** By the port that the listener would have; a REST API has 443. */
  readonly addresses: ReadonlyMap<number, string>;
  /** Of a balancer: one check of each target group. */
  checkHealth(): Promise<readonly HealthCheck[]>;
  /** @throws {Error} when the front itself failed, which is a fault of these tests. */
  close(): Promise<void>;
}

/** @param nowMs of throttle and caches. */
export async function openFront(
  stack: ResolvedStack,
  findFunction: FindFunction,
  nowMs: () => number = () => performance.now(),
): Promise<StartedFront> {
  const fronts: LocalFront[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(fronts.map(async (front) => await front.close()));
    const failures = fronts.flatMap((front) => front.failures);
    if (failures.length > 0) throw new AggregateError(failures, 'the front failed');
  };
  if (stack.resources('AWS::ApiGateway::RestApi').length > 0) {
    const plan = readRestApiPlan(stack);
    const api = createRestApi({ plan, findFunction, nowMs });
    const front = await startFront({ ...api, maxBodyBytes: LIMITS.restApiBodyBytes });
    fronts.push(front);
    return {
      url: `${front.address}/${plan.stage}`,
      addresses: new Map([[443, front.address]]),
      checkHealth: () => Promise.resolve([]),
      close,
    };
  }
  const { listeners, groups } = readBalancerPlan(stack);
  const addresses = new Map<number, string>();
  for (const plan of listeners) {
    const listener = createListener(plan, findFunction);
    const front = await startFront({
      ...listener,
      maxBodyBytes: LIMITS.balancerBytes,
      tooLarge: balancerTooLarge,
    });
    fronts.push(front);
    addresses.set(plan.port, front.address);
  }
  const forwarding = listeners.find(({ rules }) => rules.some(({ action }) => action.type === 'forward'));
  return {
    url: addresses.get(forwarding?.port ?? 0) ?? '',
    addresses,
    checkHealth: () =>
      Promise.all(groups.flatMap((group) => (group.health ? [checkHealth(group, findFunction)] : []))),
    close,
  };
}
