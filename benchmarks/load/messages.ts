/**
 * What the benchmark asks of a load process and what it gets back, over the process channel.
 *
 * Plain data only. One command runs at a time in one load process; acknowledged ids stay there until `read-back`.
 */

/** Where a server listens; always loopback. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

interface WriteCommand {
  readonly target: Target;
  readonly path: string;
  /** Lines of one NDJSON batch; `null`: a single JSON body. */
  readonly linesPerRequest: number | null;
  readonly connections: number;
  /** Keeps every acknowledged id for a later `read-back`. */
  readonly rememberIds: boolean;
}

/** Sends as fast as answers come: one request in flight per connection. */
export interface ClosedLoopCommand extends WriteCommand {
  readonly kind: 'closed-loop';
  readonly seconds: number;
  /** Ends earlier, after this many requests. */
  readonly maxRequests: number | null;
  /** The value of the header `Authorization`; without it there is none. */
  readonly authorization?: string;
}

/** Sends at fixed moments, whatever the answers do. */
export interface OpenLoopCommand extends WriteCommand {
  readonly kind: 'open-loop';
  readonly seconds: number;
  readonly requestsPerSecond: number;
}

/** Asks one path at fixed moments on one connection of its own. */
export interface ProbeCommand {
  readonly kind: 'probe';
  readonly target: Target;
  readonly path: string;
  readonly intervalMs: number;
  readonly seconds: number;
}

/** Reads a whole NDJSON export again and again until the time is over. */
export interface ExportCommand {
  readonly kind: 'export';
  readonly target: Target;
  readonly path: string;
  readonly seconds: number;
}

/** Reads the register back once and looks for every remembered id. */
export interface ReadBackCommand {
  readonly kind: 'read-back';
  readonly target: Target;
  readonly path: string;
}

export type LoadCommand =
  | ClosedLoopCommand
  | OpenLoopCommand
  | ProbeCommand
  | ExportCommand
  | ReadBackCommand;

/** Quantiles of one set of latencies, in milliseconds. */
export interface LatencyFigures {
  readonly samples: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

export interface ClosedLoopResult {
  readonly seconds: number;
  readonly requestsPerSecond: number;
  readonly entriesPerSecond: number;
  /** Answers or batch lines that were not an acknowledgement, by status. */
  readonly refused: Readonly<Record<string, number>>;
  /** Processor time of the load process ÷ wall time; near 1 the load process itself is the wall. */
  readonly loadCpu: number;
}

export interface OpenLoopResult {
  /** From the scheduled moment to the answer. */
  readonly latency: LatencyFigures;
  /** How late the load process itself was in sending, where a connection was free: its own part of the latency. */
  readonly ownLateness: LatencyFigures;
  readonly refused: Readonly<Record<string, number>>;
  readonly loadCpu: number;
}

export interface ProbeResult {
  readonly latency: LatencyFigures;
  readonly refused: Readonly<Record<string, number>>;
}

export interface ExportResult {
  readonly entriesPerSecond: number;
  readonly megabytesPerSecond: number;
  readonly completeExports: number;
}

export interface ReadBackResult {
  readonly acknowledged: number;
  /** Ids that two answers claimed. */
  readonly acknowledgedTwice: number;
  readonly found: number;
  readonly lost: number;
  /** Acknowledged ids that the register shows more than once. */
  readonly foundTwice: number;
  /** Entries in the register that were never acknowledged to this process. */
  readonly others: number;
  readonly firstLostIds: readonly string[];
  readonly seconds: number;
}

export interface LoadResults {
  readonly 'closed-loop': ClosedLoopResult;
  readonly 'open-loop': OpenLoopResult;
  readonly probe: ProbeResult;
  readonly export: ExportResult;
  readonly 'read-back': ReadBackResult;
}

export type LoadReply = { readonly result: LoadResults[keyof LoadResults] } | { readonly error: string };
