/**
 * Asks one path at fixed moments on a connection of its own; latency counts from the scheduled moment.
 *
 * One request in flight: an answer that is late delays the next request, and that delay counts too.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { openConnection } from './connection.ts';
import { createLatencySamples } from './latency-samples.ts';
import type { ProbeCommand, ProbeResult } from './messages.ts';
import { buildRead } from './request-bytes.ts';

const ANSWER_TIMEOUT_MS = 20_000;

export async function runProbe(command: ProbeCommand): Promise<ProbeResult> {
  const request = buildRead(command.target, command.path);
  const latency = createLatencySamples();
  const refused: Record<string, number> = {};
  let answer = Promise.withResolvers<number>();
  const connection = await openConnection(
    command.target,
    (status) => answer.resolve(status),
    (error) => answer.reject(error),
  );
  const total = Math.max(1, Math.floor((command.seconds * 1000) / command.intervalMs));
  const startedAt = performance.now();
  try {
    for (let index = 0; index < total; index += 1) {
      const due = startedAt + index * command.intervalMs;
      const early = due - performance.now();
      if (early > 0) await sleep(early);
      // A timer fires up to a millisecond late; that is the probe's fault and not the server's.
      const from = early > 0 ? performance.now() : due;
      answer = Promise.withResolvers<number>();
      const timer = setTimeout(
        () => answer.reject(new Error(`GET ${command.path}: no answer in ${ANSWER_TIMEOUT_MS} ms`)),
        ANSWER_TIMEOUT_MS,
      );
      connection.send(request);
      const status = await answer.promise.finally(() => clearTimeout(timer));
      latency.add(performance.now() - from);
      if (status !== 200) refused[status] = (refused[status] ?? 0) + 1;
    }
  } finally {
    connection.close();
  }
  return { latency: latency.figures(), refused };
}
