/**
 * A deployment as a picture, drawn from its templates: the way of an entry, and what stands around it. Nothing in it is
 * drawn by hand, so it cannot show what is not deployed. The same templates give the same bytes.
 */
import type { PlannedStack } from '../aws/assembly.ts';
import { layOut } from './layout.ts';
import type { Part } from './part.ts';
import { CALLERS, partsShown } from './parts-shown.ts';
import type { References } from './references.ts';
import { readReferences } from './references.ts';
import { layOutRegions } from './regions-layout.ts';
import { routingShown, routingSurroundings } from './routing-shown.ts';
import { networkText, surroundingsOf } from './surroundings.ts';
import { toSvg } from './svg.ts';
import type { Way } from './ways.ts';
import { waysBetween } from './ways.ts';

type Stack = Pick<PlannedStack, 'template' | 'region'>;

export interface DiagramOf {
  /** Such as "daybook-prd". */
  readonly title: string;
  /** Of the deployment. What it has elsewhere, as CloudFront's own in us-east-1, stands around. */
  readonly regions: readonly string[];
}

/**
 * @param stacks of the whole deployment.
 * @returns an SVG document.
 */
export function drawDiagram(stacks: readonly Stack[], { title, regions }: DiagramOf): string {
  if (regions.length > 1) return drawRegions(stacks, { title, regions });
  const from = readReferences(stacks);
  const parts = partsShown(from);
  const ways = waysBetween(parts, from);
  const description = describe(parts, ways);
  return toSvg(layOut(parts, ways, networkText(from)), {
    title,
    description,
    around: surroundingsOf(from),
    heading: 'Around it',
  });
}

function drawRegions(stacks: readonly Stack[], { title, regions }: DiagramOf): string {
  const isRouting = (stack: Stack): boolean => has(stack, 'AWS::Route53::HealthCheck');
  const routing = readReferences(stacks.filter(isRouting));
  const drawn = regions.map((region) => {
    // Replicas are made with their table, in one stack of one region.
    const own = stacks.filter(
      (stack) => !isRouting(stack) && (stack.region === region || has(stack, 'AWS::DynamoDB::GlobalTable')),
    );
    const from = readReferences(own);
    const parts = partsShown(from).filter(({ name }) => name !== 'callers');
    const ways = waysBetween(parts, from);
    return { region, from, parts, ways, layout: layOut(parts, ways, networkText(from)) };
  });
  const [first] = drawn;
  const name = routingShown(routing);
  const layout = layOutRegions(drawn, CALLERS, name);
  const before =
    name === undefined ? 'Callers to each region.' : `Callers to Route 53. Route 53 to each region.`;
  const inside = first === undefined ? '' : describe(first.parts, first.ways);
  return toSvg(layout, {
    title,
    description: `${before} In ${regions.join(' and in ')}: ${inside} Each replica to the others.`,
    around: first === undefined ? [] : aroundRegions(first.from, routing),
    heading: 'Around it, in each region; and around their common name',
  });
}

function aroundRegions(from: References, routing: References): ReturnType<typeof surroundingsOf> {
  const common = routingSurroundings(routing);
  const said = new Set(common.map(({ title }) => title));
  return [...surroundingsOf(from).filter(({ title }) => !said.has(title)), ...common];
}

function has({ template: { Resources = {} } }: Stack, type: string): boolean {
  return Object.values(Resources).some(({ Type }) => Type === type);
}

/** Such as "Callers to API Gateway. API Gateway to API, Authorizer." */
function describe(parts: readonly Part[], ways: readonly Way[]): string {
  const titleOf = (name: string): string => parts.find((part) => part.name === name)?.title ?? name;
  return parts
    .flatMap(({ name, title }) => {
      const to = ways.filter((way) => way.from === name).map((way) => titleOf(way.to));
      return to.length === 0 ? [] : `${title} to ${to.join(', ')}.`;
    })
    .join(' ');
}
