/**
 * The import law and the house rules for `src`, as data. A module belongs to the room that its path names, and a room
 * may import itself and the rooms listed for it; type-only imports count. Whatever has no room is a violation too, so
 * a new folder cannot stay outside of the law. Changing a row here is changing the architecture: write a decision.
 */
import type { ImportStatement, SourceModule } from './source-module.ts';

export interface Violation {
  readonly rule: string;
  readonly path: string;
  readonly detail: string;
}

/** Files at the source root that are not domain. */
const ROOT_FILES = new Map([
  ['daybook.ts', 'composition root'],
  ['web.ts', 'composition root'],
  ['drivers.ts', 'composition root'],
  ['open-access.ts', 'composition root'],
  ['open-archive.ts', 'composition root'],
  ['open-drain.ts', 'composition root'],
  ['open-intake.ts', 'composition root'],
  ['aws-drivers.ts', 'composition root'],
  ['postgres-driver.ts', 'composition root'],
  ['open-persister.ts', 'composition root'],
  ['open-service.ts', 'composition root'],
  ['operator.ts', 'composition root'],
  ['operator-records.ts', 'composition root'],
  ['import-key.ts', 'composition root'],
  ['renew-epoch.ts', 'composition root'],
  ['run-archive.ts', 'composition root'],
  ['main.ts', 'process entry'],
  ['human-start.ts', 'process entry'],
  ['index.ts', 'public API'],
  ['deployment.ts', 'public API'],
]);
/** `store/store.ts` is a port, `store/sqlite/…` a driver of it. */
const PORT_FOLDERS = new Set(['store', 'queue', 'objects']);

const PORTS = ['domain', 'port'];
const SHARED = [...PORTS, 'contract', 'access', 'config', 'telemetry'];
const SERVICE = [...SHARED, 'intake', 'persister', 'retention', 'reader', 'tail', 'backup', 'archive'];

const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  contract: ['domain'],
  port: ['domain'],
  driver: ['domain', 'sqlite', 'file-system'], // and its own port
  sqlite: ['domain'], // what the SQLite drivers of two ports share
  'file-system': [], // what Node's own would do wrong
  intake: PORTS,
  persister: PORTS,
  retention: PORTS,
  reader: PORTS,
  tail: PORTS,
  archive: PORTS,
  access: [...SHARED, 'file-system'],
  config: SHARED,
  telemetry: SERVICE, // health and ledger look at the parts that do the work
  backup: SERVICE,
  http: SERVICE,
  client: ['domain', 'contract'],
  testing: SERVICE,
  'data-directory': ['domain', 'file-system'],
  'composition root': [...SERVICE, 'http', 'driver', 'data-directory', 'sqlite'],
  'process entry': [...SERVICE, 'http', 'composition root'],
  'public API': [...SERVICE, 'http', 'composition root', 'lambda'],
  lambda: [...SERVICE, 'http', 'client', 'driver', 'composition root'], // the probe is a client
  cli: [...SERVICE, 'http', 'client', 'driver', 'composition root', 'process entry'],
};

/** Waiting (`node:timers`) and hashing (`node:crypto`) are no I/O; chance is ruled by word, below. */
const NODE_IO = new RegExp(
  '^(?:node:)?(?:child_process|cluster|dgram|dns|fs|http|https|http2|inspector|net|os|process|readline|repl|sqlite' +
    '|stream|tls|tty|wasi|worker_threads|zlib)(?:/|$)',
);

/** Words that only some modules may say. */
const RESERVED_WORDS = [
  {
    rule: 'only config/ reads the environment',
    pattern: /\bprocess\s*(?:\?\.|\.)\s*env\b|\bprocess\s*\[|\benv\b[^}]*\}\s*=\s*process\b/,
    allowed: /^config\//,
  },
  {
    rule: 'only clock.ts, id.ts and retry.ts ask for the time or for chance',
    pattern: new RegExp(
      [
        String.raw`\bDate\s*\.\s*now\b|\bnew\s+Date\b(?!\s*\(\s*[^\s)])|(?<!new\s+|\.)\bDate\s*\(|\bTemporal\s*\.\s*Now\b`,
        String.raw`\bperformance\s*\.\s*(?:now|timeOrigin)\b|\bprocess\s*\.\s*(?:hrtime|uptime)\b`,
        String.raw`\bMath\s*\.\s*random\b|\b(?:randomBytes|randomInt|randomUUID|randomFill\w*|getRandomValues)\b`,
      ].join('|'),
    ),
    // The CLI tells a person how long something took; test suites make their own data.
    allowed: /^(?:clock|id)\.ts$|(?:^|\/)retry\.ts$|^(?:cli|testing)\//,
  },
  {
    rule: 'only main.ts and cli/ end the process',
    pattern: /\bprocess\s*\.\s*(?:exit|reallyExit|abort)\b/,
    allowed: /^main\.ts$|^cli\//,
  },
];

const MAX_LINES = 400;
const MAX_MEDIAN_LINES = 100;
const REFUSED_NAMES = /(?:^|\/)(?:utils?|helpers?|common|misc|types)(?:\.ts|\/)/;
/** At least five words, so that a licence tag or a lint directive is not taken for a description. */
const OPENING_COMMENT = /^(?:#![^\n]*\n)?\s*(?:\/\*\*?|\/\/)(?!\s*(?:oxlint|eslint|@))(?:[\s*/]*[^\s*/]+){5}/;

type Rule = (modules: readonly SourceModule[]) => Violation[];

/** Every rule by the name that its violations carry. */
export const RULES: Readonly<Record<string, Rule>> = {
  'every module belongs to a room of the law': eachModule(({ path }) =>
    MAY_IMPORT[roomOf(path)] === undefined ? ['no room has this path'] : [],
  ),
  'a room imports only the rooms below it': eachImport(({ path }, { target, specifier }) => {
    if (target === undefined || target.startsWith('..') || mayImport(path, target)) return [];
    return [`${roomOf(path)} imports ${roomOf(target)}: ${specifier}`];
  }),
  'src imports itself by path and nothing beside it': eachImport((_module, { target, specifier }) => {
    const leaves = target?.startsWith('..') === true && !target.endsWith('.json');
    return leaves || /^(?:daybook(?:\/|$)|#|\/|file:)/.test(specifier) ? [specifier] : [];
  }),
  'the domain does no I/O': eachImport(({ path }, { specifier }) =>
    ['domain', 'port'].includes(roomOf(path)) && NODE_IO.test(specifier) ? [specifier] : [],
  ),
  'contract/ and client/ run without Node': (modules) =>
    modules
      .filter(({ path }) => ['contract', 'client'].includes(roomOf(path)))
      .flatMap((module) => reach(module, modules).flatMap((reached) => nodeImports(module, reached))),
  'client/ has no dependencies': (modules) =>
    modules
      .filter(({ path }) => roomOf(path) === 'client')
      .flatMap((module) => reach(module, modules).flatMap((reached) => packageImports(module, reached))),
  'no import cycles': findCycles,
  'node:process is not imported': eachImport(({ path }, { specifier }) =>
    /^(?:node:)?process$/.test(specifier) && !/^(?:config|cli)\/|^main\.ts$/.test(path) ? [specifier] : [],
  ),
  ...Object.fromEntries(
    RESERVED_WORDS.map(({ rule, pattern, allowed }) => [
      rule,
      eachModule(({ path, code }) => {
        const line = allowed.test(path) ? -1 : code.split('\n').findIndex((text) => pattern.test(text));
        return line < 0 ? [] : [`line ${line + 1}`];
      }),
    ]),
  ),
  'no file is longer than 400 lines': eachModule(({ lines }) =>
    lines > MAX_LINES ? [`${lines} lines`] : [],
  ),
  'the median file has at most 100 lines': (modules) => {
    const sorted = modules.toSorted((a, b) => a.lines - b.lines);
    const median = sorted[Math.floor(sorted.length / 2)];
    if (median === undefined || median.lines <= MAX_MEDIAN_LINES) return [];
    return [{ rule: '', path: median.path, detail: `the median is ${median.lines} lines` }];
  },
  'a file is named after what it exports': eachModule(({ path }) =>
    REFUSED_NAMES.test(path) || !/^[a-z0-9/.-]+$/.test(path) ? ['not a kebab-case noun'] : [],
  ),
  'a module opens with a comment that says its job': eachModule(({ text }) =>
    OPENING_COMMENT.test(text) ? [] : ['no such comment'],
  ),
};

export function findViolations(modules: readonly SourceModule[]): Violation[] {
  return Object.entries(RULES).flatMap(([rule, check]) =>
    check(modules).map((found) => ({ ...found, rule })),
  );
}

function eachModule(check: (module: SourceModule) => string[]): Rule {
  return (modules) =>
    modules.flatMap((module) => check(module).map((detail) => ({ rule: '', path: module.path, detail })));
}

function eachImport(check: (module: SourceModule, statement: ImportStatement) => string[]): Rule {
  return eachModule((module) => module.imports.flatMap((statement) => check(module, statement)));
}

function roomOf(path: string): string {
  const [folder = '', ...rest] = path.split('/');
  if (rest.length === 0) return ROOT_FILES.get(folder) ?? 'domain';
  if (PORT_FOLDERS.has(folder)) return rest.length === 1 ? 'port' : 'driver';
  return folder;
}

/** What a module shares with its own: a driver's folder, a port's folder, else the room. */
function homeOf(path: string): string {
  const folders = path.split('/').slice(0, -1);
  if (roomOf(path) === 'driver') return folders.slice(0, 2).join('/');
  return roomOf(path) === 'port' ? folders.join('/') : roomOf(path);
}

function mayImport(path: string, target: string): boolean {
  if (homeOf(path) === homeOf(target)) return true;
  if (roomOf(path) === 'driver' && homeOf(target) === path.split('/')[0]) return true;
  return MAY_IMPORT[roomOf(path)]?.includes(roomOf(target)) ?? false;
}

/** The module and everything that it loads at run time. */
function reach(start: SourceModule, modules: readonly SourceModule[]): SourceModule[] {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const reached = new Set([start]);
  for (const { imports } of reached) {
    for (const { target, typeOnly } of imports) {
      const next = target === undefined || typeOnly ? undefined : byPath.get(target);
      if (next !== undefined) reached.add(next);
    }
  }
  return [...reached];
}

function nodeImports(from: SourceModule, reached: SourceModule): Violation[] {
  return reached.imports
    .filter(({ specifier, typeOnly }) => specifier.startsWith('node:') && (!typeOnly || reached === from))
    .map(({ specifier }) => ({ rule: '', path: from.path, detail: `${specifier} in ${reached.path}` }));
}

function packageImports(from: SourceModule, reached: SourceModule): Violation[] {
  return reached.imports
    .filter(({ target, specifier, typeOnly }) => !target && !specifier.startsWith('node:') && !typeOnly)
    .map(({ specifier }) => ({ rule: '', path: from.path, detail: `${specifier} in ${reached.path}` }));
}

function findCycles(modules: readonly SourceModule[]): Violation[] {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const finished = new Set<string>();
  const found: Violation[] = [];
  const visit = (path: string, trail: readonly string[]) => {
    const start = trail.indexOf(path);
    if (start >= 0) found.push({ rule: '', path, detail: [...trail.slice(start), path].join(' → ') });
    if (start >= 0 || finished.has(path)) return;
    for (const target of new Set(byPath.get(path)?.imports.map((statement) => statement.target))) {
      if (target !== undefined && byPath.has(target)) visit(target, [...trail, path]);
    }
    finished.add(path);
  };
  for (const { path } of modules) visit(path, []);
  return found;
}
