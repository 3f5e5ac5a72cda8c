/**
 * S3 as its documentation has it, in the points where fauxqs differs, as a proxy before a fauxqs: conditional writes
 * (fauxqs overwrites), checksums of what arrives (fauxqs believes them), and lists in the order of bytes (fauxqs sorts
 * by locale). Also meets requests with faults, on demand.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/**
 * What the next request of a method meets: `slow-down` a throttle (503), `lose-answer` it is done and the connection
 * breaks before the answer, `break` the connection breaks before anything is done, `flip` one bit of the body of the
 * answer is another, `contend` a conditional write is told that it met another one (409), `deny` 403.
 */
export type S3Fault = 'slow-down' | 'lose-answer' | 'break' | 'flip' | 'contend' | 'deny';

export interface StrictS3 {
  readonly endpoint: string;
  /** The next requests of this method meet these, in order. */
  meet(method: string, ...faults: readonly S3Fault[]): void;
  /** How many requests came, by method. */
  readonly requests: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

interface Asked {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const REFUSALS = {
  'slow-down': [503, 'SlowDown'],
  deny: [403, 'AccessDenied'],
  contend: [409, 'ConditionalRequestConflict'],
  exists: [412, 'PreconditionFailed'],
  digest: [400, 'BadDigest'],
} as const;

/** @param upstream the endpoint of the fauxqs. */
export async function startStrictS3(upstream: string): Promise<StrictS3> {
  const faults = new Map<string, S3Fault[]>();
  const requests = new Map<string, number>();
  const writing = new Set<string>();

  async function answer(asked: Asked): Promise<Answered> {
    const { method, target, headers, body } = asked;
    const url = new URL(target, upstream);
    if (method === 'GET' && url.searchParams.get('list-type') === '2') return list(asked, url);
    if (method !== 'PUT' || url.pathname.split('/').length < 3) return forward(upstream, asked);
    const sha256 = headers['x-amz-checksum-sha256'];
    if (sha256 !== undefined && sha256 !== createHash('sha256').update(body).digest('base64'))
      return refusal('digest');
    if (headers['if-none-match'] !== '*') return forward(upstream, asked);
    if (writing.has(url.pathname)) return refusal('contend');
    writing.add(url.pathname);
    try {
      const found = await forward(upstream, { ...asked, method: 'HEAD', body: Buffer.alloc(0) });
      return found.status === 200 ? refusal('exists') : await forward(upstream, asked);
    } finally {
      writing.delete(url.pathname);
    }
  }

  /** Everything below the prefix, sorted here. */
  async function list(asked: Asked, url: URL): Promise<Answered> {
    const limit = Number(url.searchParams.get('max-keys') ?? 1000);
    const after = url.searchParams.get('start-after') ?? '';
    const found: string[] = [];
    url.searchParams.delete('start-after');
    url.searchParams.delete('max-keys');
    for (;;) {
      const page = await forward(upstream, { ...asked, target: url.pathname + url.search });
      const text = page.body.toString();
      if (page.status !== 200) return page;
      found.push(...(text.match(/<Contents>.*?<\/Contents>/gs) ?? []));
      const token = /<NextContinuationToken>(.*?)<\/NextContinuationToken>/.exec(text)?.[1];
      if (token === undefined) break;
      url.searchParams.set('continuation-token', token);
    }
    const keyed = found.map((contents) => ({ contents, key: /<Key>(.*?)<\/Key>/.exec(contents)?.[1] ?? '' }));
    const behind = keyed.filter(({ key }) => key > after).toSorted((a, b) => (a.key < b.key ? -1 : 1));
    const body = behind
      .slice(0, limit)
      .map(({ contents }) => contents)
      .join('');
    return xml(
      200,
      `<ListBucketResult><IsTruncated>${behind.length > limit}</IsTruncated>${body}</ListBucketResult>`,
    );
  }

  const server = createServer((request, response) => {
    const { method = '', url: target = '', headers } = request;
    requests.set(method, (requests.get(method) ?? 0) + 1);
    const fault = faults.get(method)?.shift();
    const done = (async () => {
      const body = await buffer(request);
      if (fault === 'break') return void request.socket.destroy();
      if (fault === 'slow-down' || fault === 'contend' || fault === 'deny')
        return send(response, refusal(fault));
      const answered = await answer({ method, target, headers, body });
      if (fault === 'lose-answer') return void request.socket.destroy();
      if (fault === 'flip') answered.body[0] = (answered.body[0] ?? 0) ^ 1;
      send(response, answered);
    })();
    done.catch((thrown: unknown) =>
      send(response, xml(502, `<Error><Message>${String(thrown)}</Message></Error>`)),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    meet(method, ...given) {
      faults.set(method, [...(faults.get(method) ?? []), ...given]);
    },
    requests,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function forward(upstream: string, { method, target, headers, body }: Asked): Promise<Answered> {
  const named = Object.entries(headers).filter(
    (pair): pair is [string, string] =>
      typeof pair[1] === 'string' &&
      !/^(?:host|connection|content-length|expect|transfer-encoding)$/.test(pair[0]),
  );
  const response = await fetch(new URL(target, upstream), {
    method,
    headers: named,
    ...(method === 'PUT' || method === 'POST' ? { body: new Uint8Array(body) } : {}),
  });
  const kept = [...response.headers].filter(
    ([name]) => !/^(?:connection|content-length|keep-alive)$/.test(name),
  );
  return {
    status: response.status,
    headers: Object.fromEntries(kept),
    body: Buffer.from(await response.arrayBuffer()),
  };
}

function refusal(kind: keyof typeof REFUSALS): Answered {
  const [status, code] = REFUSALS[kind];
  return xml(status, `<Error><Code>${code}</Code><Message>as asked</Message></Error>`);
}

function xml(status: number, body: string): Answered {
  return {
    status,
    headers: { 'content-type': 'application/xml' },
    body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>${body}`),
  };
}

function send(response: ServerResponse, { status, headers, body }: Answered): void {
  response.writeHead(status, { ...headers, 'content-length': body.length });
  response.end(body);
}
