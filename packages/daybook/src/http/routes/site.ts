/**
 * What is the same for everybody and never waits for anything: documentation, and what pages load.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';

import { DaybookError } from '../../errors.ts';
import type { Answer } from '../answer.ts';
import { jsonAnswer, pageAnswer, TEXT_TYPE } from '../answer.ts';
import type { HttpContext } from '../context.ts';

const ASSET_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};
/** Names stay when contents change, so a copy is asked about after a while; one that is still right costs no bytes. */
const ASSET_CACHE = 'public, max-age=300';

interface Asset {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

export function createSiteRoutes(context: Pick<HttpContext, 'config' | 'version' | 'assets'>) {
  const { config, version } = context;
  const { basePath, registers } = config;
  // Made when somebody asks for the first time: they cost memory that most servers never need.
  const documentation = once(async () => {
    const { createOpenApiDocument } = await import('../openapi/document.ts');
    const { docsPage } = await import('../pages/docs.ts');
    const openApi = createOpenApiDocument({ registers: [...registers], version, basePath });
    return { openApi, page: docsPage(openApi, { basePath, version }) };
  });
  const assets = once(() => readFolder(context.assets));

  return {
    openApi: async (): Promise<Answer> => jsonAnswer((await documentation()).openApi),
    docs: async (): Promise<Answer> => pageAnswer((await documentation()).page),

    /** @param known the `If-None-Match` of the request. @throws {DaybookError} NOT_FOUND */
    asset(name: string, known: string | undefined): Answer {
      const asset = assets().get(name);
      const type = ASSET_TYPES[extname(name)];
      if (asset === undefined || type === undefined)
        throw new DaybookError(
          'NOT_FOUND',
          `expected one of ${[...assets().keys()].join(', ')}, given ${JSON.stringify(name.slice(0, 60))}`,
        );
      const { etag, bytes } = asset;
      const headers = { 'cache-control': ASSET_CACHE, etag };
      if (matches(known, etag)) return { status: 304, headers, body: null };
      return { status: 200, headers: { ...headers, 'content-type': type }, body: bytes };
    },

    robots: (): Answer => ({
      status: 200,
      headers: { 'content-type': TEXT_TYPE },
      body: 'User-agent: *\nDisallow: /\n',
    }),
  };
}

function readFolder(folder: URL): ReadonlyMap<string, Asset> {
  return new Map(
    readdirSync(folder).map((name) => {
      const bytes = Uint8Array.from(readFileSync(new URL(name, folder)));
      const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
      return [name, { bytes, etag }];
    }),
  );
}

/** RFC 9110 §13.1.2: a list of tags, compared weakly, because proxies weaken what they compress. */
function matches(known: string | undefined, etag: string): boolean {
  const tags = (known ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
