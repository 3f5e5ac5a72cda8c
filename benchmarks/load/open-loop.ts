/**
 * Open loop: request i is due at start + i / rate, whatever happened to the requests before it.
 *
 * Latency runs from the due moment to the answer, so a pause of the server is charged to every request that it
 * delayed (no coordinated omission). A due request without a free connection waits for one, and its wait counts. The
 * sender spins on `setImmediate`, because Node's timers have a grain of 1 ms; how late it was by its own fault is
 * reported beside.
 */
import type { AcknowledgedIds } from './acknowledged-ids.ts';
import { createAcknowledgements } from './acknowledgement.ts';
import { openConnection, openConnections } from './connection.ts';
import { createLatencySamples } from './latency-samples.ts';
import type { OpenLoopCommand, OpenLoopResult } from './messages.ts';
import { buildWrite } from './request-bytes.ts';
import { createStallGuard } from './stall-guard.ts';

export async function runOpenLoop(command: OpenLoopCommand, ids: AcknowledgedIds): Promise<OpenLoopResult> {
  const request = buildWrite(command.target, command.path, command.linesPerRequest);
  const acknowledgements = createAcknowledgements(command.linesPerRequest, command.rememberIds ? ids : null);
  const latency = createLatencySamples();
  const ownLateness = createLatencySamples();
  const { promise: ended, resolve: end, reject: fail } = Promise.withResolvers<void>();
  const intervalMs = 1000 / command.requestsPerSecond;
  const total = Math.max(1, Math.floor(command.requestsPerSecond * command.seconds));
  const dueAt = new Float64Array(command.connections);
  const idleSince = new Float64Array(command.connections);
  const idle: number[] = [];
  let sent = 0;
  let answered = 0;
  let startedAt = 0;
  let failed = false;

  const connections = await openConnections(command.connections, (index) =>
    openConnection(
      command.target,
      (status, bytes, bodyStart, bodyEnd) => {
        const now = performance.now();
        latency.add(now - dueAt[index]!);
        acknowledgements.take(status, bytes, bodyStart, bodyEnd);
        answered += 1;
        idleSince[index] = now;
        idle.push(index);
        if (answered === total) end();
        else sendDue();
      },
      fail,
    ),
  );

  function sendDue(): void {
    const now = performance.now();
    while (sent < total && idle.length > 0) {
      const due = startedAt + sent * intervalMs;
      if (due > now) return;
      const index = idle.pop()!;
      dueAt[index] = due;
      ownLateness.add(now - Math.max(due, idleSince[index]!));
      sent += 1;
      connections[index]!.send(request);
    }
  }
  function spin(): void {
    if (failed) return;
    sendDue();
    if (sent < total) setImmediate(spin);
  }

  const stallGuard = createStallGuard(() => answered, fail);
  const cpuAtStart = process.cpuUsage();
  startedAt = performance.now();
  for (let index = 0; index < connections.length; index += 1) {
    idle.push(index);
    idleSince[index] = startedAt;
  }
  try {
    spin();
    await ended;
  } finally {
    failed = true;
    stallGuard.stop();
    for (const connection of connections) connection.close();
  }
  const cpu = process.cpuUsage(cpuAtStart);
  return {
    latency: latency.figures(),
    ownLateness: ownLateness.figures(),
    refused: acknowledgements.refused,
    loadCpu: (cpu.user + cpu.system) / 1000 / (performance.now() - startedAt),
  };
}
