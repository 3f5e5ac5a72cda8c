/**
 * Route 53 and the resolvers of callers, in simulated time, by the numbers of the template: weighted records that are given
 * out while their health check passes, for as long as their time to live. "How Amazon Route 53 determines whether a health
 * check is healthy": each checker by itself asks every interval, and changes its mind after so many answers in a row; an
 * endpoint is healthy while more than 18 % of the checkers find it so; where none is, all records count as healthy.
 */
import type { Template } from '../local/template/resolve-template.ts';

/** What the template says of one region behind the common name. */
export interface Route {
  readonly region: string;
  readonly weight: number;
  readonly ttlSeconds: number;
  readonly intervalSeconds: number;
  readonly failures: number;
  readonly path: string;
  readonly checkers: number;
}

const HEALTHY_SHARE = 0.18;

interface CheckProperties {
  readonly HealthCheckConfig: {
    readonly RequestInterval: number;
    readonly FailureThreshold: number;
    readonly ResourcePath: string;
    readonly Regions: readonly string[];
  };
}

interface RecordProperties {
  readonly SetIdentifier: string;
  readonly Weight: number;
  readonly TTL: string;
  readonly HealthCheckId: { readonly 'Fn::GetAtt': readonly [string, string] };
}

/** @throws {Error} when a weighted record has no health check of its own. */
export function routesOf(templates: Iterable<Template>): Route[] {
  const resources = [...templates].flatMap(({ Resources = {} }) => Object.entries(Resources));
  return resources
    .filter(
      ([, { Type, Properties }]) => Type === 'AWS::Route53::RecordSet' && 'Weight' in (Properties ?? {}),
    )
    .map(([name, { Properties }]) => {
      const { SetIdentifier, Weight, TTL, HealthCheckId } = Properties as unknown as RecordProperties;
      const [, check] = resources.find(([id]) => id === HealthCheckId['Fn::GetAtt'][0]) ?? [];
      if (check?.Type !== 'AWS::Route53::HealthCheck')
        throw new Error(`expected a health check of ${name}, found none`);
      const { HealthCheckConfig } = check.Properties as unknown as CheckProperties;
      return {
        region: SetIdentifier,
        weight: Weight,
        ttlSeconds: Number(TTL),
        intervalSeconds: HealthCheckConfig.RequestInterval,
        failures: HealthCheckConfig.FailureThreshold,
        path: HealthCheckConfig.ResourcePath,
        checkers: HealthCheckConfig.Regions.length,
      };
    });
}

interface Checker {
  /** Of the simulated seconds at which it asks. */
  readonly offset: number;
  healthy: boolean;
  /** Answers in a row that say otherwise. */
  against: number;
}

export interface NameService {
  /** Every checker whose turn it is asks. @param ask whether the region answers well, within two seconds. */
  tick(second: number, ask: (route: Route) => Promise<boolean>): Promise<void>;
  /** The region that a resolver is given now, and for how long. */
  resolve(): Route;
  isHealthy(region: string): boolean;
}

export function createNameService(routes: readonly Route[], chance: () => number): NameService {
  const checkers = new Map<string, Checker[]>(
    routes.map(({ region, checkers: count, intervalSeconds }) => [
      region,
      Array.from({ length: count }, () => ({
        offset: Math.floor(chance() * intervalSeconds),
        healthy: true,
        against: 0,
      })),
    ]),
  );

  function isHealthy(region: string): boolean {
    const all = checkers.get(region) ?? [];
    return all.filter(({ healthy }) => healthy).length > all.length * HEALTHY_SHARE;
  }

  return {
    async tick(second, ask) {
      for (const route of routes) {
        for (const checker of checkers.get(route.region) ?? []) {
          if (second % route.intervalSeconds !== checker.offset) continue;
          const found = await ask(route);
          checker.against = found === checker.healthy ? 0 : checker.against + 1;
          if (checker.against < route.failures) continue;
          checker.healthy = found;
          checker.against = 0;
        }
      }
    },
    resolve() {
      const well = routes.filter(({ region }) => isHealthy(region));
      const from = well.length > 0 ? well : routes;
      let at = chance() * from.reduce((sum, { weight }) => sum + weight, 0);
      return from.find(({ weight }) => (at -= weight) < 0) ?? (from.at(-1) as Route);
    },
    isHealthy,
  };
}
