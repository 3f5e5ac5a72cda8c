/**
 * Closed loop: every connection has exactly one request in flight, so the server sets the pace.
 *
 * Gives throughput only. Latency from a closed loop hides the waits of requests that were never sent, so it is not
 * reported; the open loop measures that. At the end every request in flight is waited for: nothing acknowledged is
 * forgotten.
 */
import type { AcknowledgedIds } from './acknowledged-ids.ts';
import { createAcknowledgements } from './acknowledgement.ts';
import { openConnection, openConnections } from './connection.ts';
import type { Connection } from './connection.ts';
import type { ClosedLoopCommand, ClosedLoopResult } from './messages.ts';
import { buildWrite } from './request-bytes.ts';
import { createStallGuard } from './stall-guard.ts';

export async function runClosedLoop(
  command: ClosedLoopCommand,
  ids: AcknowledgedIds,
): Promise<ClosedLoopResult> {
  const request = buildWrite(command.target, command.path, command.linesPerRequest, command.authorization);
  const acknowledgements = createAcknowledgements(command.linesPerRequest, command.rememberIds ? ids : null);
  const { promise: ended, resolve: end, reject: fail } = Promise.withResolvers<void>();
  const maxRequests = command.maxRequests ?? Number.POSITIVE_INFINITY;
  let sent = 0;
  let answered = 0;
  let stopping = false;

  function send(connection: Connection): void {
    sent += 1;
    connection.send(request);
  }
  function onAnswer(index: number): void {
    answered += 1;
    if (!stopping && sent < maxRequests) send(connections[index]!);
    else if (answered === sent) end();
  }

  const connections = await openConnections(command.connections, (index) =>
    openConnection(
      command.target,
      (status, bytes, bodyStart, bodyEnd) => {
        acknowledgements.take(status, bytes, bodyStart, bodyEnd);
        onAnswer(index);
      },
      fail,
    ),
  );
  const stallGuard = createStallGuard(() => answered, fail);
  const startedAt = performance.now();
  const cpuAtStart = process.cpuUsage();
  const counted = { requests: 0, entries: 0, seconds: 0, loadCpu: 0 };
  function count(): void {
    const elapsedMs = performance.now() - startedAt;
    const cpu = process.cpuUsage(cpuAtStart);
    counted.requests = answered;
    counted.entries = acknowledgements.entries;
    counted.seconds = elapsedMs / 1000;
    counted.loadCpu = (cpu.user + cpu.system) / 1000 / elapsedMs;
  }
  const timer = setTimeout(() => {
    count();
    stopping = true;
  }, command.seconds * 1000);
  try {
    for (const connection of connections) if (sent < maxRequests) send(connection);
    await ended;
    if (!stopping) count();
  } finally {
    clearTimeout(timer);
    stallGuard.stop();
    for (const connection of connections) connection.close();
  }
  return {
    seconds: counted.seconds,
    requestsPerSecond: counted.requests / counted.seconds,
    entriesPerSecond: counted.entries / counted.seconds,
    refused: acknowledgements.refused,
    loadCpu: counted.loadCpu,
  };
}
