/**
 * Which resources a REST API has, as data. Without an authorizer two are enough, and whatever comes goes to the
 * application. With one, what strangers may reach needs resources of its own, because API Gateway refuses a request
 * without `Authorization` before the authorizer is asked ("identity sources", developer guide).
 */
import type { Register } from 'daybook/deployment';
import { HEALTH_PATHS, openPaths, registerPaths } from 'daybook/deployment';

export interface Route {
  readonly path: string;
  /** API Gateway takes the method that is named before `ANY`. */
  readonly method: 'ANY' | 'GET' | 'HEAD' | 'OPTIONS' | 'POST';
  readonly open: boolean;
  readonly handler: 'api' | 'health';
}

const BELOW = '{proxy+}';
const toHealth = Object.values(HEALTH_PATHS).map((path): Route => ({
  path,
  method: 'ANY',
  open: true,
  handler: 'health',
}));

export function routesWithoutAuthorizer(): Route[] {
  return [...anything('/'), ...anything(`/${BELOW}`), ...toHealth];
}

/**
 * Paths are open by method where a register is open in one direction only. What has resources of its own has one for
 * everything below it too, so that no request depends on how API Gateway falls back to the root's.
 */
export function routesWithAuthorizer(registers: readonly Register[]): Route[] {
  const isHealth = new Set<string>(Object.values(HEALTH_PATHS));
  const open = openPaths(registers).filter(({ path }) => !isHealth.has(path));
  const claimed = registerPaths(registers);
  const openKeys = new Set(open.map(({ method, path }) => `${method} ${path}`));
  const closedPaths = new Set([...claimed.keys()].filter((key) => !openKeys.has(key)).map(pathOf));

  const routes = new Map<string, Route[]>([[`/${BELOW}`, guarded(`/${BELOW}`)]]);
  for (const { method, path } of open) {
    if (closedPaths.has(path)) {
      const own = routes.get(path) ?? guarded(path);
      const methods = method === 'GET' ? (['GET', 'HEAD'] as const) : (['POST'] as const);
      routes.set(path, [...own, ...methods.map((name) => toApi(path, name, true))]);
    } else routes.set(path, anything(path));
  }
  for (const { path } of open.filter(({ below }) => below)) {
    const everything = `${path}/${BELOW}`;
    routes.set(everything, anything(everything));
    for (const closed of closedPaths) {
      if (closed.startsWith(`${path}/`) && !routes.has(closed)) routes.set(closed, guarded(closed));
    }
  }
  for (const path of [...routes.keys()].filter((known) => !known.endsWith(BELOW) && known !== '/')) {
    const folders = path.split('/').slice(1, -1);
    const ofRegister = openKeys.has(`POST ${path}`) || closedPaths.has(path) ? [path] : [];
    for (const folder of [
      ...folders.map((_, at) => `/${folders.slice(0, at + 1).join('/')}`),
      ...ofRegister,
    ]) {
      const everything = `${folder}/${BELOW}`;
      if (!routes.has(everything)) routes.set(everything, guarded(everything));
    }
  }
  return [...[...routes.values()].flat(), ...toHealth];
}

function anything(path: string): Route[] {
  return [toApi(path, 'ANY', true)];
}

/** A preflight carries no credential (https://fetch.spec.whatwg.org/#cors-protocol-and-credentials). */
function guarded(path: string): Route[] {
  return [toApi(path, 'ANY', false), toApi(path, 'OPTIONS', true)];
}

function toApi(path: string, method: Route['method'], open: boolean): Route {
  return { path, method, open, handler: 'api' };
}

function pathOf(key: string): string {
  return key.slice(key.indexOf(' ') + 1);
}
