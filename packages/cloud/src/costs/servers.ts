/**
 * What runs by the hour whether anybody calls or not: tasks and a database, as many and as large as the templates say.
 */
import type { CostResource } from './cost-template.ts';
import { ASSUMED } from './per-entry.ts';
import type { CostLine } from './prices.ts';
import { HOURS } from './prices.ts';

/** Units of one processor, and MB of a GB: "Task size", Amazon ECS Developer Guide. */
const OF_ONE = 1_024;
/** The one class that there is a price for. */
const PRICED_CLASS = 'db.t4g.medium';
/** Container Insights writes one for each task, container, service and cluster a minute. */
const EVENT_BYTES = 1_000;

/** Daybook's own long polls, of the queue and of the one behind it. */
const POLL_SECONDS = 2;

interface Named extends CostResource {
  /** In its template. */
  readonly id: string;
}

/** @throws {Error} for a database whose price is not in `prices.ts`. */
export function serverLines(all: readonly Named[]): CostLine[] {
  const tiers = tiersOf(all);
  return [...taskLines(tiers), ...pollLines(all, tiers), ...databaseLines(all), ...insightLines(all, tiers)];
}

interface Tier {
  /** The least. */
  readonly tasks: number;
  readonly receives: boolean;
  readonly vcpu: number;
  readonly gb: number;
}

function tiersOf(all: readonly Named[]): Tier[] {
  const of = (type: string): readonly Named[] => all.filter(({ Type }) => Type === type);
  const speaksOf = (value: unknown, { id }: Named): boolean =>
    JSON.stringify(value ?? '').includes(`"${id}"`);
  return of('AWS::ECS::Service').map((service): Tier => {
    const task = of('AWS::ECS::TaskDefinition').find((one) => speaksOf(service.Properties, one));
    const target = of('AWS::ApplicationAutoScaling::ScalableTarget').find(({ Properties }) =>
      speaksOf(Properties?.['ResourceId'], service),
    );
    const { Cpu, Memory } = task?.Properties ?? {};
    return {
      tasks: Number(target?.Properties?.['MinCapacity']),
      receives: speaksOf(task?.Properties, { id: 'persister', Type: '' }),
      vcpu: Number(Cpu) / OF_ONE,
      gb: Number(Memory) / OF_ONE,
    };
  });
}

function taskLines(tiers: readonly Tier[]): CostLine[] {
  const hours = (of: 'vcpu' | 'gb'): number =>
    tiers.reduce((sum, tier) => sum + tier.tasks * tier[of], 0) * HOURS;
  return [
    { what: 'tasks: processors', amount: hours('vcpu'), price: 'taskVcpuHour' },
    { what: 'tasks: memory', amount: hours('gb'), price: 'taskGbHour' },
  ];
}

function pollLines(all: readonly Named[], tiers: readonly Tier[]): CostLine[] {
  const queues = all.filter(({ Type }) => Type === 'AWS::SQS::Queue').length;
  const receivers = tiers.reduce((sum, { receives, tasks }) => sum + (receives ? tasks : 0), 0);
  const polls = (receivers * queues * HOURS * 3_600) / POLL_SECONDS;
  return [{ what: 'pollers of queues', amount: polls, price: 'sqsRequest' }];
}

/** A standby is a second instance with storage of its own. */
function databaseLines(all: readonly Named[]): CostLine[] {
  return all
    .filter(({ Type }) => Type === 'AWS::RDS::DBInstance')
    .flatMap(({ Properties = {} }): CostLine[] => {
      const { Engine, DBInstanceClass, MultiAZ, AllocatedStorage } = Properties;
      if (Engine !== 'postgres' || DBInstanceClass !== PRICED_CLASS)
        throw new Error(`expected a price of ${String(Engine)} on ${String(DBInstanceClass)}, found none`);
      const copies = MultiAZ === true ? 2 : 1;
      return [
        { what: 'database: instances', amount: copies * HOURS, price: 'databaseHour' },
        { what: 'database: storage', amount: copies * Number(AllocatedStorage), price: 'databaseGbMonth' },
        { what: 'database: its secret', amount: 1, price: 'secret' },
      ];
    });
}

function insightLines(all: readonly Named[], tiers: readonly Tier[]): CostLine[] {
  const clusters = all.filter(({ Type }) => Type === 'AWS::ECS::Cluster').length;
  const tasks = tiers.reduce((sum, tier) => sum + tier.tasks, 0);
  const metrics = clusters * ASSUMED.clusterMetrics + tiers.length * ASSUMED.tierMetrics;
  const events = (2 * tasks + tiers.length + clusters) * HOURS * 60;
  return [
    { what: 'Container Insights: metrics', amount: metrics, price: 'customMetric' },
    { what: 'Container Insights: events', amount: (events * EVENT_BYTES) / 1e9, price: 'logGb' },
  ];
}
