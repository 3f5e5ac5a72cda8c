/**
 * `daybook post --batch`: NDJSON from a file or standard input, with progress on a terminal. Refused lines are told one
 * by one with their number in the input; the others are on record all the same.
 */
import { stat } from 'node:fs/promises';

import type { BatchResult } from '../client/index.ts';
import { readChunks } from './body.ts';
import type { Cli } from './cli.ts';
import { connect } from './connection.ts';
import type { GlobalFlags } from './connection.ts';
import { EXIT_FAILURE, EXIT_OK, UsageError } from './failure.ts';
import { toLines } from './lines.ts';
import { count, printable } from './terminal.ts';
import type { Terminal } from './terminal.ts';

export interface PostFlags extends GlobalFlags {
  readonly type?: string;
  /** False with --no-key. */
  readonly key?: string | false;
  readonly header?: Readonly<Record<string, string>>;
}

const PROGRESS_EVERY_MS = 100;

/** @returns the exit code: 1 when a line was refused. */
export async function postLines(
  { terminal }: Cli,
  flags: PostFlags,
  register: string,
  source: string,
): Promise<number> {
  if (source !== '-' && !source.startsWith('@')) {
    throw new UsageError(`--batch: expected @file or - for standard input, given ${JSON.stringify(source)}`);
  }
  if (flags.type !== undefined) throw new UsageError('--type: a batch is NDJSON, its lines are JSON');
  const tally = { stored: 0, repeated: 0, refused: 0 };
  const progress = createProgress(terminal, await sizeOf(source));
  const results = connect(flags).postBatch(register, toLines(progress.counted(readChunks(source))), {
    idempotencyKey: flags.key,
    headers: flags.header,
  });
  for await (const result of results) {
    if (result.status >= 400) tally.refused += 1;
    else if (result.duplicate === true) tally.repeated += 1;
    else tally.stored += 1;
    if (flags.json === true) await terminal.line(toJson(result));
    else if (result.status >= 400) terminal.note(printable(describe(result)));
    progress.show(() => tally.stored + tally.repeated + tally.refused);
  }
  terminal.endProgress();
  if (flags.json !== true) {
    const before = tally.repeated === 0 ? '' : ` · on record before ${count(tally.repeated)}`;
    await terminal.line(`stored ${count(tally.stored)}${before} · refused ${count(tally.refused)}`);
  }
  return tally.refused === 0 ? EXIT_OK : EXIT_FAILURE;
}

/** Lines are counted from 1 here, as editors do. */
function toJson({ index, ...rest }: BatchResult): string {
  return JSON.stringify({ line: index + 1, ...rest });
}

function describe({ index, status, code, detail, outcome }: BatchResult): string {
  const may = outcome === 'unknown' ? '; it may be on record all the same' : '';
  return `line ${index + 1}: ${detail ?? 'refused'} (${code ?? `HTTP_${status}`})${may}`;
}

function createProgress(terminal: Terminal, totalBytes: number | undefined) {
  const startedMs = performance.now();
  let shownMs = startedMs;
  let readBytes = 0;
  return {
    async *counted(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
      for await (const chunk of chunks) {
        yield chunk;
        readBytes += chunk.length;
      }
    },
    show(linesDone: () => number): void {
      const nowMs = performance.now();
      if (nowMs - shownMs < PROGRESS_EVERY_MS) return;
      shownMs = nowMs;
      const lines = linesDone();
      const perSecond = Math.round((lines * 1000) / (nowMs - startedMs));
      const share = totalBytes ? ` · ${Math.floor((100 * readBytes) / totalBytes)} %` : '';
      terminal.progress(`${count(lines)} lines${share} · ${count(perSecond)}/s`);
    },
  };
}

async function sizeOf(source: string): Promise<number | undefined> {
  const found = source === '-' ? undefined : await stat(source.slice(1)).catch(() => undefined);
  return found?.isFile() === true ? found.size : undefined;
}
