/**
 * The end of every `apply`: health and readiness, then an entry that is posted and read back, in each region and by the name
 * of all of them. A test that is not passed within a minute has failed: a new front needs a while until its name and its functions answer.
 */
import { openRegister } from './smoke-register.ts';
import type { Cloud } from './cloud.ts';
import type { StackOutputs } from './outputs.ts';
import { commonUrlOf, urlsOf } from './outputs.ts';
import { errorOf } from '../failure.ts';
import { printable } from '../terminal.ts';

const LIMIT_MS = 60_000;
const EVERY_MS = 1_000;
const REQUEST_MS = 30_000;
const SHOWN_CHARACTERS = 200;

interface Check {
  readonly name: string;
  /** @returns what was found wrong; undefined when nothing is. */
  run(): Promise<string | undefined>;
}

/** @returns whether every check passed; each is told as PASS or FAIL. */
export async function smokeTest(
  cloud: Cloud,
  outputs: readonly StackOutputs[],
  wanted: string | undefined,
): Promise<boolean> {
  const { terminal, json, dryRun } = cloud;
  const common = commonUrlOf(outputs);
  const urls = [...urlsOf(outputs).map(({ url }) => url), ...(common === undefined ? [] : [common])];
  const register = openRegister(cloud.deployment, { wanted, hasKey: cloud.apiKey !== undefined });
  const results: { url: string; check: string; passed: boolean; detail?: string }[] = [];
  for (const url of urls) {
    for (const check of checksOf(cloud, url, register)) {
      const detail = await attempt(cloud, check);
      results.push({ url, check: check.name, passed: detail === undefined, ...(detail && { detail }) });
      if (json || dryRun) continue;
      const word = detail === undefined ? terminal.paint('green', 'PASS') : terminal.paint('red', 'FAIL');
      terminal.line(`${word}  ${check.name}  ${url}${detail === undefined ? '' : `: ${printable(detail)}`}`);
    }
  }
  if (dryRun) return true;
  if (json) terminal.line(JSON.stringify({ smokeTest: results }));
  if (urls.length === 0) terminal.note('smoke test: FAIL: expected an output that tells the URL, found none');
  if (register === undefined)
    terminal.note(
      'smoke test: nothing was posted: no register is open; name one with --smoke-register and --api-key',
    );
  return urls.length > 0 && results.every(({ passed }) => passed);
}

function checksOf(cloud: Cloud, url: string, register: string | undefined): Check[] {
  let location: string | undefined;
  const health = ['/healthz', '/readyz'].map((path) => ({
    name: `GET ${path}`,
    run: async () => {
      const { status, text } = await request(cloud, 'GET', `${url}${path}`);
      return status === 200 ? undefined : `expected 200, given ${status} ${text}`;
    },
  }));
  if (register === undefined) return health;
  const post: Check = {
    name: `POST /${register}`,
    async run() {
      const answer = await request(cloud, 'POST', `${url}/${register}`);
      if (answer.status !== 201 && answer.status !== 202)
        return `expected 201 or 202, given ${answer.status} ${answer.text}`;
      location = answer.location;
      return location === undefined ? 'expected a Location, given none' : undefined;
    },
  };
  const read: Check = {
    name: `GET /${register}/{id}`,
    async run() {
      if (location === undefined) return 'nothing was posted';
      // With a queue it answers 202 until the entry was stored.
      const { status, text } = await request(cloud, 'GET', location);
      return status === 200 ? undefined : `expected 200, given ${status} ${text}`;
    },
  };
  return [...health, post, read];
}

async function attempt(cloud: Cloud, check: Check): Promise<string | undefined> {
  const endMs = cloud.nowMs() + LIMIT_MS;
  for (;;) {
    const wrong = await check.run().catch((thrown: unknown) => reasonOf(thrown));
    if (wrong === undefined || cloud.nowMs() >= endMs || wrong === 'nothing was posted') return wrong;
    cloud.terminal.progress(`${check.name}: ${wrong}`);
    await cloud.sleep(EVERY_MS);
  }
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  /** The beginning. */
  readonly text: string;
}

async function request(cloud: Cloud, method: 'GET' | 'POST', url: string): Promise<Answer> {
  const body = method === 'POST' ? JSON.stringify({ smokeTest: true }) : undefined;
  if (cloud.dryRun) {
    cloud.show({ service: 'http', operation: method, input: { url, ...(body !== undefined && { body }) } });
    return { status: method === 'POST' ? 201 : 200, location: `${url}/<id>`, text: '' };
  }
  const response = await cloud.fetch(url, {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(cloud.apiKey !== undefined && { authorization: `Bearer ${cloud.apiKey}` }),
    },
    ...(body !== undefined && { body }),
    redirect: 'error',
    signal: AbortSignal.timeout(REQUEST_MS),
  });
  const text = (await response.text()).slice(0, SHOWN_CHARACTERS);
  const given = response.headers.get('location');
  // A path, or a whole URL.
  const location = given === null ? undefined : new URL(given, url).href;
  return { status: response.status, location, text };
}

/** fetch() hides the reason in the cause. */
function reasonOf(thrown: unknown): string {
  const { message, cause } = errorOf(thrown);
  return cause instanceof Error
    ? `${message}: ${cause.message || (cause as NodeJS.ErrnoException).code}`
    : message;
}
