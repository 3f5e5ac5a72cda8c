/**
 * The service's own routes that anybody may call: metrics, documentation, assets, the welcome page.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';

import { isLoopback } from '../../access/address.ts';
import { DaybookError } from '../../errors.ts';
import type { Answer } from '../answer.ts';
import { jsonAnswer, TEXT_TYPE, pageAnswer } from '../answer.ts';
import type { HttpContext } from '../context.ts';
import { isOpen } from '../../register.ts';
import { entryToView } from '../entry-json.ts';
import { welcomePage, welcomeRegister } from '../pages/welcome.ts';

const ASSET_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const LATEST_ON_WELCOME = 50;
const LATEST_BYTES = 64 * 1024;

export function createServiceRoutes(context: HttpContext) {
  const { config, front, version, metrics, store } = context;
  const { basePath, region, registers } = config;
  // Made when somebody asks for the first time: they cost memory that most servers never need.
  const documentation = once(async () => {
    const { createOpenApiDocument } = await import('../openapi/document.ts');
    const { docsPage } = await import('../pages/docs.ts');
    const openApi = createOpenApiDocument({ registers: [...registers], version, basePath });
    return { openApi, page: docsPage(openApi, { basePath, version }) };
  });
  const assets = once(() => readFolder(context.assets));
  const postRegister = welcomeRegister(registers);

  return {
    async metrics(): Promise<Answer> {
      const { contentType, text } = await metrics.expose();
      return { status: 200, headers: { 'content-type': contentType }, body: text };
    },
    /** Open while only this machine can reach it: a proxy or a name that is known outside brings strangers. */
    metricsAreOpen: front.name === 'node' && isLoopback(config.host) && hasNothingInFront(config),

    openApi: async (): Promise<Answer> => jsonAnswer((await documentation()).openApi),
    docs: async (): Promise<Answer> => pageAnswer((await documentation()).page),

    /** @throws {DaybookError} NOT_FOUND */
    asset(name: string): Answer {
      const bytes = assets().get(name);
      const type = ASSET_TYPES[extname(name)];
      if (bytes === undefined || type === undefined)
        throw new DaybookError(
          'NOT_FOUND',
          `expected one of ${[...assets().keys()].join(', ')}, given ${JSON.stringify(name.slice(0, 60))}`,
        );
      return {
        status: 200,
        headers: { 'content-type': type, 'cache-control': 'public, max-age=300' },
        body: Uint8Array.from(bytes),
      };
    },

    robots: (): Answer => ({
      status: 200,
      headers: { 'content-type': TEXT_TYPE },
      body: 'User-agent: *\nDisallow: /\n',
    }),

    /** @param origin as the caller named it, so that the lines can be copied. */
    async welcome(format: 'html' | 'text', origin: string): Promise<Answer> {
      if (format === 'text')
        return { status: 200, headers: { 'content-type': TEXT_TYPE }, body: help(context, origin) };
      const page =
        postRegister &&
        (await store.list({
          register: postRegister.name,
          order: 'desc',
          limit: LATEST_ON_WELCOME,
          maxBytes: LATEST_BYTES,
        }));
      const body = welcomePage({
        basePath,
        version,
        region,
        durability: context.durability(),
        streams: front.streams,
        registers: [...registers],
        ...(postRegister && { postRegister }),
        latest:
          postRegister === undefined
            ? []
            : (page?.entries ?? []).map((entry) => entryToView(postRegister, entry)),
      });
      return pageAnswer(body);
    },
  };
}

function readFolder(folder: URL): ReadonlyMap<string, Buffer> {
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(new URL(name, folder))]));
}

function hasNothingInFront({ trustedProxies, allowedHosts }: HttpContext['config']): boolean {
  const proxies = typeof trustedProxies === 'number' ? trustedProxies : trustedProxies.length;
  return proxies === 0 && allowedHosts.length === 0;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** Ten lines for whoever comes with curl. */
function help({ config, front, version, durability }: HttpContext, origin: string): string {
  const base = `${origin}${config.basePath}`;
  const tailLine = (href: string) =>
    front.streams ? `curl -N '${href}?live=sse&from=start'` : `curl '${href}?live=long-poll&from=start'`;
  const [name = 'app'] = config.registers.filter(isOpen).map((register) => register.name);
  return `Daybook ${version}: POST it, and it is on record. Durability: ${durability().level}.

  curl -X POST ${base}/${name}                       the moment alone
  curl -d '{"what":"deploy"}' ${base}/${name}        with a payload
  curl ${base}/${name}                               the newest entries
  ${tailLine(`${base}/${name}`)}      all of them, and what comes
  curl -H 'Accept: text/csv' ${base}/${name}         as CSV

Registers: ${config.registers.map((register) => register.name).join(', ')}. Documentation: ${base}/docs
`;
}
