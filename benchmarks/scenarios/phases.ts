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
  /** One of each per round: Daybook, and the bare server at the same rate as the control. */
  readonly openLoops: {
    readonly daybook: readonly OpenLoopResult[];
    readonly bare: readonly OpenLoopResult[];
  };
  readonly voidReasons: readonly string[];
  warmUp(server: Server): Promise<void>;
  /** As fast as the server answers. */
  closedLoop(name: PhaseName, server: Server, linesPerRequest?: number): Promise<void>;
  /** Both at half the rate of the last closed loop against Daybook. */
  halfLoad(bare: Server): Promise<void>;
}

/** A JavaScript server takes seconds until its hot functions are compiled for good. */
const WARM_UP_SECONDS = { quick: 1, full: 3 } as const;

/** Only the ids that `daybook` acknowledges are remembered. */
export function createPhases(bench: Bench, load: LoadClient, daybook: Server): Phases {
  const { options } = bench;
  const closedLoops = new Map<PhaseName, PhaseResult[]>();
  const openLoops = { daybook: [] as OpenLoopResult[], bare: [] as OpenLoopResult[] };
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

  async function runOpenLoop(server: Server, requestsPerSecond: number): Promise<OpenLoopResult> {
    const command = { ...writeTo(server, null), seconds: options.seconds, requestsPerSecond };
    const result = await load.run({ kind: 'open-loop', ...command });
    voidReasons.push(...refusalReasons('latency', result.refused));
    return result;
  }

  return {
    closedLoops,
    openLoops,
    voidReasons,
    warmUp: async (server) =>
      void (await runClosedLoop('warm-up', server, null, WARM_UP_SECONDS[options.quick ? 'quick' : 'full'])),
    async closedLoop(name, server, linesPerRequest) {
      const result = await runClosedLoop(name, server, linesPerRequest ?? null, options.seconds);
      closedLoops.set(name, [...(closedLoops.get(name) ?? []), result]);
      const rate = Math.round(result.entriesPerSecond).toLocaleString('en');
      bench.tell(
        `  ${name}: ${rate}/s, load ${toPercent(result.loadCpu)}, server ${toPercent(result.serverCpu)} of a core`,
      );
    },
    async halfLoad(bare) {
      const full = closedLoops.get('daybook')?.at(-1)?.requestsPerSecond ?? 0;
      const requestsPerSecond = Math.max(1, Math.round(full / 2));
      openLoops.bare.push(await runOpenLoop(bare, requestsPerSecond));
      const result = await runOpenLoop(daybook, requestsPerSecond);
      openLoops.daybook.push(result);
      bench.tell(`  latency at ${requestsPerSecond}/s: p99 ${result.latency.p99Ms.toFixed(2)} ms`);
    },
  };
}

function toPercent(share: number | null): string {
  return share === null ? '?' : `${Math.round(share * 100)} %`;
}
