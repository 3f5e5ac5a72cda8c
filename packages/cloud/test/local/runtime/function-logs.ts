/**
 * What a function wrote, line by line, as CloudWatch Logs would keep it, and the metrics in it ("Specification: Embedded
 * metric format", Amazon CloudWatch). Bounded: the oldest lines go first.
 */
export interface MetricValue {
  readonly namespace: string;
  readonly name: string;
  readonly unit: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly values: readonly number[];
}

export interface FunctionLogs {
  add(line: string): void;
  lines(): readonly string[];
  metrics(name?: string): readonly MetricValue[];
  /** Of all values of one name. */
  sum(name: string): number;
}

const MAX_LINES = 20_000;

interface EmbeddedMetrics {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit?: string }[];
    }[];
  };
  readonly [member: string]: unknown;
}

export function createFunctionLogs(): FunctionLogs {
  const lines: string[] = [];
  const metrics = (name?: string) =>
    lines.flatMap(readMetrics).filter((metric) => name === undefined || metric.name === name);
  return {
    add(line) {
      lines.push(line);
      if (lines.length > MAX_LINES) lines.shift();
    },
    lines: () => [...lines],
    metrics,
    sum: (name) =>
      metrics(name)
        .flatMap(({ values }) => values)
        .reduce((sum, value) => sum + value, 0),
  };
}

/** @throws {Error} for a line that says it holds metrics and does not hold what it names. */
export function readMetrics(line: string): MetricValue[] {
  if (!line.startsWith('{') || !line.includes('"_aws"')) return [];
  let given: EmbeddedMetrics;
  try {
    given = JSON.parse(line) as EmbeddedMetrics;
  } catch {
    return [];
  }
  return given._aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
    Metrics.map(({ Name, Unit = 'None' }) => ({
      namespace: Namespace,
      name: Name,
      unit: Unit,
      dimensions: Object.fromEntries((Dimensions[0] ?? []).map((key) => [key, textOf(given, key)])),
      values: numbersOf(given, Name),
    })),
  );
}

function textOf(given: EmbeddedMetrics, key: string): string {
  const value = given[key];
  if (typeof value === 'string') return value;
  throw new Error(`embedded metrics: expected text as the dimension ${key}, given ${JSON.stringify(value)}`);
}

function numbersOf(given: EmbeddedMetrics, name: string): number[] {
  const value = given[name];
  const values: unknown[] = Array.isArray(value) ? value : [value];
  if (values.every((one) => typeof one === 'number')) return values;
  throw new Error(
    `embedded metrics: expected a number or numbers as ${name}, given ${JSON.stringify(value)}`,
  );
}
