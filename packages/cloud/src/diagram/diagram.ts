/**
 * A deployment as a picture, drawn from its templates: the way of an entry, and what stands around it. Nothing in it is
 * drawn by hand, so it cannot show what is not deployed. The same templates give the same bytes.
 */
import type { PlannedStack } from '../aws/assembly.ts';
import { layOut } from './layout.ts';
import type { Part } from './parts-shown.ts';
import { partsShown } from './parts-shown.ts';
import { readReferences } from './references.ts';
import { networkText, surroundingsOf } from './surroundings.ts';
import { toSvg } from './svg.ts';
import type { Way } from './ways.ts';
import { waysBetween } from './ways.ts';

/**
 * @param stacks of one region.
 * @param title such as "daybook-prd".
 * @returns an SVG document.
 */
export function drawDiagram(stacks: readonly Pick<PlannedStack, 'template'>[], title: string): string {
  const from = readReferences(stacks);
  const parts = partsShown(from);
  const ways = waysBetween(parts, from);
  const description = describe(parts, ways);
  return toSvg(layOut(parts, ways), surroundingsOf(from), {
    title,
    description,
    network: networkText(from),
  });
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
