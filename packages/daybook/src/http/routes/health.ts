/**
 * `/healthz`: the process is alive. `/readyz`, alias `/health`: an entry could be made durable now.
 */
import { DaybookError } from '../../errors.ts';
import type { Answer } from '../answer.ts';
import { jsonAnswer } from '../answer.ts';
import type { AppShell } from '../app-shell.ts';
import type { HttpContext } from '../context.ts';

export interface HealthContext extends Pick<HttpContext, 'health' | 'durability' | 'draining'> {
  readonly intake: Pick<HttpContext['intake'], 'status'>;
  readonly queue?: unknown;
}

export function addHealth(context: HealthContext, get: AppShell['get']): void {
  get('/healthz', () => jsonAnswer({ status: 'ok' }));
  get('/readyz', () => readyAnswer(context));
  get('/health', () => readyAnswer(context));
}

/**
 * @throws {DaybookError} DRAINING, DISK_FULL, STORE_UNAVAILABLE or QUEUE_UNAVAILABLE when it cannot durably accept now;
 *   REGION_DRAINED when it could and should not be asked to.
 */
async function readyAnswer({ health, durability, draining, intake, queue }: HealthContext): Promise<Answer> {
  const { ready, isDrained, reason, notes } = await health.readiness();
  if (ready) {
    const { level } = durability();
    return jsonAnswer({ status: 'ready', durability: level, ...(notes.length > 0 && { notes }) });
  }
  const code = draining.aborted
    ? 'DRAINING'
    : isDrained
      ? 'REGION_DRAINED'
      : intake.status().code === 'DISK_FULL'
        ? 'DISK_FULL'
        : queue === undefined
          ? 'STORE_UNAVAILABLE'
          : 'QUEUE_UNAVAILABLE';
  throw new DaybookError(code, reason ?? 'not ready', { retryAfterSeconds: 1 });
}
