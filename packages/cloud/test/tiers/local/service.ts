/**
 * A service of Amazon ECS: so many tasks, replaced when they end, and exchanged for those of a new task definition by a
 * rolling update ("Amazon ECS rolling update deployments"). A task, from its start to its end:
 *
 *   starting ──well──▶ joining ──healthy in its group──▶ serving ──taken out──▶ draining ──▶ SIGTERM ──▶ ended
 *                                                          └──ended by itself: another is started──────────▶
 *
 * "Amazon ECS deployment circuit breaker": a deployment is given up after half as many failures as there should be tasks,
 * three at the least.
 */
import { eventually } from '../../../../daybook/test/support/eventually.ts';
import type { Balancer, Target } from './balancer.ts';
import type { Task } from './task.ts';
import type { TierPlan } from './tiers-plan.ts';

export interface ServiceTask extends Task {
  /** In its target group; undefined of a tier that nobody calls. */
  readonly target: Target | undefined;
}

export interface Service {
  /** Those that serve. */
  readonly tasks: readonly ServiceTask[];
  /** The fewest that served at any moment of the last deployment. */
  readonly fewest: number;
  /** @returns what became of it; the tasks of before serve on when it was taken back. */
  deploy(plan: TierPlan): Promise<'completed' | 'rolled-back'>;
  /** As many serve as there should be. */
  steady(): Promise<void>;
  /** All at once, in order. Idempotent. */
  close(): Promise<void>;
}

export interface ServiceOptions {
  readonly plan: TierPlan;
  readonly balancer: Balancer;
  readonly start: (plan: TierPlan) => Promise<Task>;
}

const LEAST_FAILURES = 3;

export async function startService({ plan: first, balancer, start }: ServiceOptions): Promise<Service> {
  const desired = first.tasks.min;
  let plan = first;
  let tasks: ServiceTask[] = [];
  let fewest = desired;
  let closing = false;
  const watching = new Set<Promise<void>>();
  const failures: unknown[] = [];

  /** Serves when this resolves. */
  async function add(by: TierPlan): Promise<void> {
    const task = await start(by);
    const joined = by.groupArn === undefined ? undefined : balancer.register(by.groupArn, task.port);
    const target = await joined?.catch(async (thrown: unknown) => {
      await task.server.stop();
      throw thrown;
    });
    const serving = { ...task, target };
    tasks.push(serving);
    const watched = watch(serving)
      .catch((thrown: unknown) => void failures.push(thrown))
      .finally(() => watching.delete(watched));
    watching.add(watched);
  }

  /** Until it has ended, and until another serves in its place if nobody ended it. */
  async function watch(task: ServiceTask): Promise<void> {
    await task.server.exited;
    if (tasks.includes(task) && !closing) await replace(task);
  }

  async function replace(ended: ServiceTask): Promise<void> {
    leave(ended);
    await ended.target?.remove();
    await add(plan);
  }

  function leave(task: ServiceTask): void {
    tasks = tasks.filter((one) => one !== task);
    fewest = Math.min(fewest, tasks.length);
  }

  async function retire(task: ServiceTask): Promise<void> {
    leave(task);
    await task.target?.deregister();
    const { exitCode, signal } = await task.server.stop();
    if (exitCode !== 0) throw new Error(`expected a task that ends in order, given ${exitCode ?? signal}`);
  }

  async function deploy(next: TierPlan): Promise<'completed' | 'rolled-back'> {
    const { minimumHealthyPercent, maximumPercent, rollback } = next.deployment;
    const before = [...tasks];
    const atOnce = Math.floor((desired * maximumPercent) / 100) - desired;
    const least = Math.ceil((desired * minimumHealthyPercent) / 100);
    if (atOnce < desired) throw new Error('expected room for all new tasks beside the old');
    fewest = tasks.length;
    let failed = 0;

    async function exchange(): Promise<boolean> {
      while (failed < Math.max(LEAST_FAILURES, Math.ceil(desired / 2))) {
        try {
          await add(next);
        } catch {
          failed += 1;
          continue;
        }
        const old = before.shift();
        if (old !== undefined && tasks.length - 1 >= least) await retire(old);
        return true;
      }
      return false;
    }

    const exchanged = await Promise.all(Array.from({ length: desired }, exchange));
    if (exchanged.every(Boolean)) {
      plan = next;
      return 'completed';
    }
    if (!rollback || exchanged.some(Boolean)) throw new Error('expected a deployment that fails as a whole');
    return 'rolled-back';
  }

  async function close(): Promise<void> {
    closing = true;
    await Promise.all(tasks.map(({ server }) => server.stop()));
    await Promise.all(watching);
    // One that was being started meanwhile.
    await Promise.all(tasks.splice(0).map(({ server }) => server.stop()));
  }

  try {
    await Promise.all(Array.from({ length: desired }, () => add(plan)));
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return {
    get tasks() {
      return [...tasks];
    },
    get fewest() {
      return fewest;
    },
    deploy,
    async steady() {
      await eventually('as many tasks serve as there should be', async () => {
        if (failures.length > 0) throw new AggregateError(failures, 'a task was not replaced');
        return tasks.length === desired;
      });
    },
    close,
  };
}
