/**
 * How the callers of the common name are shared out, as it is deployed: the weighted records, by region.
 */
import type { PlannedStack } from './assembly.ts';
import type { AwsCalls } from './aws-calls.ts';
import { deployedTemplate } from './stacks.ts';

export interface Weight {
  readonly weight: number;
  /** Of all regions together. */
  readonly of: number;
}

const RECORD = 'AWS::Route53::RecordSet';

/** @param stacks those that have such records are asked for them, and no others. */
export async function readWeights(
  calls: AwsCalls,
  stacks: readonly PlannedStack[],
): Promise<ReadonlyMap<string, Weight>> {
  const weights = new Map<string, number>();
  for (const stack of stacks.filter(({ template }) => weightedIn(template).length > 0)) {
    for (const [region, weight] of weightedIn((await deployedTemplate(calls, stack)) ?? {}))
      weights.set(region, weight);
  }
  const of = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  return new Map([...weights].map(([region, weight]) => [region, { weight, of }]));
}

function weightedIn({ Resources = {} }: PlannedStack['template']): [region: string, weight: number][] {
  return Object.values(Resources).flatMap(({ Type, Properties = {} }) => {
    const { SetIdentifier: region, Weight: weight } = Properties;
    return Type === RECORD && typeof region === 'string' && weight !== undefined
      ? [[region, Number(weight)] as [string, number]]
      : [];
  });
}
