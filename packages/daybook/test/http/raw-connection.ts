/**
 * A TCP connection of a test that speaks HTTP/1.1 by hand: it sends whatever bytes it is told, also wrong ones, and
 * reads one answer after the other as they come.
 */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  text(): Promise<string>;
}

export interface RawConnection {
  /** Resolves when the bytes are handed to the kernel; never rejects, the answers tell what became of them. */
  send(bytes: string | Uint8Array): Promise<void>;
  /** Reads nothing more, so that the other side can send nothing more. */
  stall(): void;
  /** Reads again. */
  goOn(): void;
  /** Half-closes: no more bytes will come. */
  finish(): void;
  /** The next answer. @throws {Error} when the connection ends before it is complete. */
  answer(options?: { readonly toHead?: boolean }): Promise<RawAnswer>;
  /** Everything that was received and not taken as an answer, once the other side has ended the connection. */
  rest(): Promise<string>;
  destroy(): void;
}

/** Only keeps a broken test from hanging. */
const GIVE_UP_AFTER_MS = 30_000;
const nobodyWaits = (): void => undefined;
const END_OF_HEAD = '\r\n\r\n';

export async function connectRaw(port: number): Promise<RawConnection> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
  let received = '';
  let ended = false;
  let wake = nobodyWaits;
  const change = () => new Promise<void>((resolve) => (wake = resolve));
  // Latin-1: one character a byte, so that lengths count bytes.
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
    wake();
  });
  const end = () => {
    ended = true;
    wake();
  };
  socket.on('end', end).on('close', end).on('error', end);
  await new Promise((resolve) => socket.once('connect', resolve));

  /** Gives what `take` finds in the bytes received so far, as soon as it finds something. */
  async function take<T>(what: string, find: () => T | undefined): Promise<T> {
    const timer = setTimeout(() => socket.destroy(), GIVE_UP_AFTER_MS);
    try {
      for (;;) {
        const found = find();
        if (found !== undefined) return found;
        if (ended)
          throw new Error(`the connection ended before ${what}; received ${JSON.stringify(received)}`);
        await change();
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async function takeHead(): Promise<{ status: number; headers: Headers }> {
    const end = await take('an answer', () => {
      const at = received.indexOf(END_OF_HEAD);
      return at === -1 ? undefined : at;
    });
    const [statusLine = '', ...fields] = received.slice(0, end).split('\r\n');
    received = received.slice(end + END_OF_HEAD.length);
    const status = Number(/^HTTP\/1\.1 (\d{3})(?: |$)/.exec(statusLine)?.[1]);
    if (Number.isNaN(status)) throw new Error(`no status line: ${JSON.stringify(statusLine)}`);
    const pairs = fields.map((field) => [
      field.slice(0, field.indexOf(':')),
      field.slice(field.indexOf(':') + 1).trim(),
    ]);
    return { status, headers: new Headers(pairs as [string, string][]) };
  }

  async function takeBytes(count: number): Promise<string> {
    return take(`${count} bytes`, () => {
      if (received.length < count) return undefined;
      const bytes = received.slice(0, count);
      received = received.slice(count);
      return bytes;
    });
  }

  async function takeChunks(): Promise<string> {
    let body = '';
    for (;;) {
      const size = await take('a chunk', () => /^([0-9a-f]+)\r\n/i.exec(received)?.[1]);
      received = received.slice(size.length + 2);
      const chunk = await takeBytes(Number.parseInt(size, 16) + 2);
      if (Number.parseInt(size, 16) === 0) return body;
      body += chunk.slice(0, -2);
    }
  }

  return {
    send: (bytes) =>
      new Promise((resolve) => {
        if (socket.writable) socket.write(bytes, () => resolve());
        else resolve();
      }),
    stall: () => void socket.pause(),
    goOn: () => void socket.resume(),
    finish: () => void socket.end(),
    async answer({ toHead = false } = {}) {
      const { status, headers } = await takeHead();
      const length = Number(headers.get('content-length') ?? 0);
      const hasBody = !toHead && status >= 200 && status !== 204;
      const chunked = headers.get('transfer-encoding') === 'chunked';
      const bytes = !hasBody ? '' : chunked ? await takeChunks() : await takeBytes(length);
      const body = Buffer.from(bytes, 'latin1').toString('utf8');
      return { status, headers, body, text: async () => body };
    },
    async rest() {
      const end = performance.now() + GIVE_UP_AFTER_MS;
      while (!ended && performance.now() < end) await Promise.race([change(), sleep(100)]);
      if (!ended) throw new Error('the other side does not end the connection');
      return received;
    },
    destroy: () => void socket.destroy(),
  };
}

/** A request as bytes; a Host, and a length when there is a body, unless `headers` has them. */
export function rawRequest(
  line: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): string {
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const fields = { ...(!names.has('host') && { host: 'localhost' }), ...headers };
  if (body !== undefined && !names.has('content-length') && !names.has('transfer-encoding'))
    Object.assign(fields, { 'content-length': String(Buffer.byteLength(body)) });
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`;
}
