/**
 * Which method of a REST API a path reaches: a part that is written out comes before `{name}`, and that before
 * `{name+}`; the resource is chosen by the path alone and then has the method, or `ANY`, or nothing for the caller.
 */
import type { RestMethod } from './rest-api-plan.ts';

export interface RouteMatch {
  readonly method: RestMethod;
  readonly pathParameters: Readonly<Record<string, string>> | null;
}

/** Higher is more specific. */
const RANK = { written: 2, one: 1, greedy: 0 } as const;

/** @param path without stage, as sent. @returns undefined where API Gateway answers itself. */
export function matchRoute(
  methods: readonly RestMethod[],
  httpMethod: string,
  path: string,
): RouteMatch | undefined {
  const parts = path.split('/').filter((part) => part !== '');
  const found = methods
    .flatMap((method) => {
      const match = matchPath(method.resourcePath, parts);
      return match === undefined ? [] : [{ method, ...match }];
    })
    .toSorted((one, other) => compareRanks(other.ranks, one.ranks));
  const [best] = found;
  if (best === undefined) return undefined;
  const ofResource = found.filter(({ method }) => method.resourcePath === best.method.resourcePath);
  const chosen =
    ofResource.find(({ method }) => method.httpMethod === httpMethod) ??
    ofResource.find(({ method }) => method.httpMethod === 'ANY');
  if (chosen === undefined) return undefined;
  const { method, parameters } = chosen;
  return { method, pathParameters: Object.keys(parameters).length === 0 ? null : parameters };
}

function matchPath(
  resourcePath: string,
  parts: readonly string[],
): { ranks: number[]; parameters: Record<string, string> } | undefined {
  const wanted = resourcePath.split('/').filter((part) => part !== '');
  const parameters: Record<string, string> = {};
  const ranks: number[] = [];
  for (const [index, part] of wanted.entries()) {
    const given = parts[index];
    if (given === undefined) return undefined;
    const [, name, plus] = /^\{([^+}]+)(\+?)\}$/.exec(part) ?? [];
    if (name === undefined) {
      if (part !== given) return undefined;
      ranks.push(RANK.written);
    } else if (plus === '+') {
      parameters[name] = decode(parts.slice(index).join('/'));
      return { ranks: [...ranks, RANK.greedy], parameters };
    } else {
      parameters[name] = decode(given);
      ranks.push(RANK.one);
    }
  }
  return wanted.length === parts.length ? { ranks, parameters } : undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function compareRanks(one: readonly number[], other: readonly number[]): number {
  for (let index = 0; index < Math.max(one.length, other.length); index += 1) {
    const difference = (one[index] ?? 0) - (other[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
