/**
 * Runs single phases against the servers of a round and keeps every result, by phase name.
 */
import type { LoadClient } from '../load/load-client.ts';
import type { ClosedLoopResult, OpenLoopResult } from '../load/messages.ts';
import { readCpuSeconds } from '../machine/process-figures.ts';
import type { Server } from '../peers/server.ts';
import type { Bench } from './bench.ts';
import { refusalReasons } from './verify.ts';

export type PhaseName = 'bare' | 'daybook' | 'fastify' | 'batch' | 'bare unpinned' | 'daybook unpinned';

interface PhaseResult extends ClosedLoopResult {
  /** Processor time of the server, all threads and the kernel for it, ÷ wall time; `null` where it cannot be read. */
  readonly serverCpu: number | null;
}

export interface Phases {
  readonly closedLoops: ReadonlyMap<PhaseName, readonly PhaseResult[]>;
  readonly openLoops: readonly OpenLoopResult[];
  readonly voidReasons: readonly string[];
  warmUp(server: Server): Promise<void>;
  /** As fast as the server answers. */
  closedLoop(name: PhaseName, server: Server, linesPerRequest?: number): Promise<void>;
  /** At half the rate of the last closed loop against Daybook. */
  halfLoad(): Promise<void>;
}

const WARM_UP_SECONDS = 1;

/** Only the ids that `daybook` acknowledges are remembered. */
export function createPhases(bench: Bench, load: LoadClient, daybook: Server): Phases {
  const { options } = bench;
  const closedLoops = new Map<PhaseName, PhaseResult[]>();
  const openLoops: OpenLoopResult[] = [];
  const voidReasons: string[] = [];

  function writeTo(server: Server, linesPerRequest: number | null) {
    return {
      target: server.target,
      path: '/app',
      linesPerRequest,
      connections: options.connections,
      rememberIds: server === daybook,
    };
  }

  async function runClosedLoop(name: string, server: Server, lines: number | null, seconds: number) {
    const command = { ...writeTo(server, lines), seconds, maxRequests: null };
    const cpuBefore = readCpuSeconds(server.pid);
    const result = await load.run({ kind: 'closed-loop', ...command });
    const cpuAfter = readCpuSeconds(server.pid);
    voidReasons.push(...refusalReasons(name, result.refused));
    const serverCpu =
      cpuBefore === null || cpuAfter === null ? null : (cpuAfter - cpuBefore) / result.seconds;
    return { ...result, serverCpu };
  }

  return {
    closedLoops,
    openLoops,
    voidReasons,
    warmUp: async (server) => void (await runClosedLoop('warm-up', server, null, WARM_UP_SECONDS)),
    async closedLoop(name, server, linesPerRequest) {
      const result = await runClosedLoop(name, server, linesPerRequest ?? null, options.seconds);
      closedLoops.set(name, [...(closedLoops.get(name) ?? []), result]);
      const rate = Math.round(result.entriesPerSecond).toLocaleString('en');
      bench.tell(
        `  ${name}: ${rate}/s, load ${toPercent(result.loadCpu)}, server ${toPercent(result.serverCpu)} of a core`,
      );
    },
    async halfLoad() {
      const full = closedLoops.get('daybook')?.at(-1)?.requestsPerSecond ?? 0;
      const requestsPerSecond = Math.max(1, Math.round(full / 2));
      const command = { ...writeTo(daybook, null), seconds: options.seconds, requestsPerSecond };
      const result = await load.run({ kind: 'open-loop', ...command });
      voidReasons.push(...refusalReasons('latency', result.refused));
      openLoops.push(result);
      bench.tell(`  latency at ${requestsPerSecond}/s: p99 ${result.latency.p99Ms.toFixed(2)} ms`);
    },
  };
}

function toPercent(share: number | null): string {
  return share === null ? '?' : `${Math.round(share * 100)} %`;
}
