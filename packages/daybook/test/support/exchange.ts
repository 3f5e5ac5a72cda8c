/**
 * One HTTP exchange of a test, on a connection that the test owns. Unlike `fetch` it keeps what arrived of an answer
 * that broke off: a result line that reached the client is an acknowledgement, whatever happened to the next one.
 */
import { Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface Exchange {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** False when the connection broke before the end of the body. */
  readonly complete: boolean;
}

export interface Outgoing {
  readonly method?: string;
  /** From the origin: `/app`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** One keep-alive connection: exchanges follow one another. `close` it. */
export interface Connection {
  /** @throws {Error} when no status line arrived. */
  exchange(outgoing: Outgoing): Promise<Exchange>;
  close(): void;
}

const EXCHANGE_TIMEOUT_MS = 60_000;

export function openConnection(address: string): Connection {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    exchange: ({ method = 'GET', path, headers = {}, body }) =>
      new Promise((resolve, reject) => {
        const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
        const outgoing = request(
          address + path,
          { method, agent, headers: { ...headers, ...length } },
          (answer) => {
            let text = '';
            answer.setEncoding('utf8').on('data', (part: string) => (text += part));
            // `close` comes after an answer that broke off too; `error` before it says only that it did.
            answer.on('error', () => undefined);
            answer.on('close', () =>
              resolve({
                status: answer.statusCode ?? 0,
                headers: answer.headers,
                body: text,
                complete: answer.complete,
              }),
            );
          },
        );
        outgoing.setTimeout(EXCHANGE_TIMEOUT_MS, () => outgoing.destroy(new Error('no answer in time')));
        outgoing.on('error', reject);
        outgoing.end(body);
      }),
    close: () => agent.destroy(),
  };
}

/** A single exchange on a connection of its own. */
export async function exchangeOnce(address: string, outgoing: Outgoing): Promise<Exchange> {
  const connection = openConnection(address);
  try {
    return await connection.exchange(outgoing);
  } finally {
    connection.close();
  }
}
