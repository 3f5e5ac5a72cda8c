/**
 * Load for the crash tests: a number of keep-alive connections, each writing one request after the other into a
 * register until it is stopped or its connection breaks, and telling the journal of every attempt and every answer.
 */
import { type Connection, type Exchange, openConnection, type Outgoing } from './exchange.ts';
import type { Attempt, Fate, Journal, PayloadKind } from './journal.ts';

/** What a connection does: single writes, single writes with a key, batches, batches with a key. */
export type WriterRole = 'single' | 'keyed' | 'batch' | 'keyed-batch';

export interface WritersOptions {
  readonly address: string;
  readonly journal: Journal;
  /** One connection each. */
  readonly roles: readonly WriterRole[];
  /** Default `app`. */
  readonly register?: string;
  /** Entries of a batch request; default 20. */
  readonly batchLines?: number;
  /** A pause between the requests of a connection; default 0. */
  readonly pauseMs?: number;
  /** Called for every answer that is not a success; default: it is kept in `failures`. */
  readonly onFailure?: (answer: Exchange) => void;
}

export interface Writers {
  /** Answers that were not a success, and broken result lines. */
  readonly failures: string[];
  /** Resolves when this many more entries were acknowledged, or all connections have ended. */
  acknowledged(count: number): Promise<void>;
  /** Finishes the requests under way and closes the connections. */
  stop(): Promise<void>;
  /** Resolves when every connection has ended, as they all do when the server is killed. */
  readonly ended: Promise<void>;
}

const TYPES: Record<PayloadKind, string> = { json: 'application/json', text: 'text/plain; charset=utf-8' };

/** What a refusal says of the fate of a write: a problem document, or a result line of a batch. */
function fateOf(refusal: { outcome?: string }): Fate {
  return refusal.outcome === 'not-written' ? 'not-written' : 'unknown';
}

/** The same of a whole answer. A page of a balancer's, which is no JSON, says nothing of what became of the write. */
function fateToldBy(body: string): Fate {
  try {
    return fateOf(JSON.parse(body) as { outcome?: string });
  } catch {
    return 'unknown';
  }
}

/** Sends attempts in one exchange; when the connection breaks without an answer, their fate is unknown. */
async function send(
  connection: Connection,
  outgoing: Outgoing,
  attempts: readonly Attempt[],
  journal: Journal,
): Promise<Exchange> {
  try {
    return await connection.exchange({ method: 'POST', ...outgoing });
  } catch (error) {
    for (const attempt of attempts) journal.refuse(attempt, 'unknown');
    throw error;
  }
}

/** Sends one attempt, and writes into the journal what became of it. */
export async function writeOne(
  connection: Connection,
  register: string,
  attempt: Attempt,
  journal: Journal,
): Promise<Exchange> {
  const key = attempt.key === undefined ? {} : { 'idempotency-key': attempt.key };
  const headers = { 'content-type': TYPES[attempt.kind], accept: 'application/json', ...key };
  const outgoing = { path: `/${register}`, headers, body: attempt.payload };
  const answer = await send(connection, outgoing, [attempt], journal);
  if (!answer.complete) journal.refuse(attempt, 'unknown');
  else if (answer.status < 300) journal.acknowledge(attempt, JSON.parse(answer.body) as Receipt);
  else journal.refuse(attempt, fateToldBy(answer.body));
  return answer;
}

interface Receipt {
  readonly id: string;
  readonly receivedAt: string;
}

type ResultLine = Receipt & { readonly line: number; readonly status: number; readonly outcome?: string };

/** Sends attempts as the lines of one batch; every complete result line counts, also of an answer that broke off. */
export async function writeBatch(
  connection: Connection,
  register: string,
  attempts: readonly Attempt[],
  journal: Journal,
  key?: string,
): Promise<Exchange> {
  const headers = {
    'content-type': 'application/x-ndjson',
    ...(key === undefined ? {} : { 'idempotency-key': key }),
  };
  const body = attempts.map(({ payload }) => `${payload}\n`).join('');
  const answer = await send(connection, { path: `/${register}`, headers, body }, attempts, journal);
  if (answer.status !== 200) {
    const fate = answer.complete ? fateToldBy(answer.body) : 'unknown';
    for (const attempt of attempts) journal.refuse(attempt, fate);
    return answer;
  }
  const lines = answer.body.split('\n').slice(0, -1);
  const results = new Map(
    lines.map((text) => JSON.parse(text) as ResultLine).map((result) => [result.line, result]),
  );
  for (const [index, attempt] of attempts.entries()) {
    const result = results.get(index + 1);
    if (result === undefined) journal.refuse(attempt, 'unknown');
    else if (result.status < 300) journal.acknowledge(attempt, result);
    else journal.refuse(attempt, fateOf(result));
  }
  return answer;
}

export function startWriters(options: WritersOptions): Writers {
  const { address, journal, roles, register = 'app', batchLines = 20, pauseMs = 0 } = options;
  const failures: string[] = [];
  const stopping = new AbortController();
  let waiting: { target: number; resolve: () => void }[] = [];

  function progress(): void {
    const count = journal.acknowledgements.size;
    for (const { target, resolve } of waiting) if (count >= target) resolve();
    waiting = waiting.filter(({ target }) => count < target);
  }

  async function request(role: WriterRole, connection: Connection, turn: number): Promise<Exchange> {
    const kind = turn % 5 === 4 ? 'text' : 'json';
    if (role === 'single' || role === 'keyed') {
      return writeOne(connection, register, journal.attempt({ kind, keyed: role === 'keyed' }), journal);
    }
    if (role === 'batch') {
      const lines = Array.from({ length: batchLines }, () => journal.attempt());
      return writeBatch(connection, register, lines, journal);
    }
    const key = `batch-key-${journal.attempts.size}-${turn}`.padEnd(20, '-');
    const lines = Array.from({ length: batchLines }, (_, index) =>
      journal.attempt({ key: `${key}/${index + 1}` }),
    );
    return writeBatch(connection, register, lines, journal, key);
  }

  async function run(role: WriterRole): Promise<void> {
    const connection = openConnection(address);
    try {
      for (let turn = 0; !stopping.signal.aborted; turn++) {
        const answer = await request(role, connection, turn);
        const lineFailed = answer.body.includes('"code":');
        if (answer.complete && (answer.status >= 300 || lineFailed)) {
          if (options.onFailure === undefined) failures.push(`${answer.status} ${answer.body.slice(0, 500)}`);
          else options.onFailure(answer);
        }
        progress();
        if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    } catch (error) {
      // The connection broke: the server is gone. Anything else is a fault of the test.
      if (!isConnectionError(error)) failures.push(String(error));
    } finally {
      connection.close();
    }
  }

  const ended = Promise.all(roles.map(run)).then(() => undefined);
  return {
    failures,
    ended,
    acknowledged: (count) =>
      Promise.race([
        ended,
        new Promise<void>((resolve) => {
          waiting.push({ target: journal.acknowledgements.size + count, resolve });
        }),
      ]),
    stop: () => {
      stopping.abort();
      return ended;
    },
  };
}

function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return ['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes(String(error.code));
}
