/**
 * Emits metrics as log lines that CloudWatch Logs makes metrics of, so that no call and no permission is needed.
 * Format: "Specification: Embedded metric format" in the Amazon CloudWatch User Guide.
 */
import { systemTime } from '../clock.ts';
import type { MetricName } from './metric-names.ts';
import { FUNCTION_DIMENSION, METRIC_UNITS } from './metric-names.ts';

export interface EmitterOptions {
  /** `metricsNamespace` of the configuration. */
  readonly namespace: string;
  /** The handler's module, such as `persister`. */
  readonly functionName: string;
  /** Default: standard output, past `console`, which would put words of its own before the JSON. */
  readonly write?: (line: string) => void;
  /** Unix milliseconds; default the wall clock. */
  readonly nowMs?: () => number;
}

/** Emits all values of one moment in one line; no values, no line. */
export type EmitMetrics = (values: Readonly<Partial<Record<MetricName, number>>>) => void;

export function createEmitter(options: EmitterOptions): EmitMetrics {
  const { namespace, functionName, write = toStandardOutput, nowMs = systemTime.wallMs } = options;
  return (values) => {
    const names = Object.keys(values) as MetricName[];
    if (names.length === 0) return;
    const line = {
      _aws: {
        Timestamp: Math.floor(nowMs()),
        CloudWatchMetrics: [
          {
            Namespace: namespace,
            Dimensions: [[FUNCTION_DIMENSION]],
            Metrics: names.map((Name) => ({ Name, Unit: METRIC_UNITS[Name] })),
          },
        ],
      },
      [FUNCTION_DIMENSION]: functionName,
      ...values,
    };
    write(`${JSON.stringify(line)}\n`);
  };
}

function toStandardOutput(line: string): void {
  process.stdout.write(line);
}
