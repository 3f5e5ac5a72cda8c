/**
 * The function that health checks ask: `/healthz`, `/readyz` and `/health`, and nothing else. It asks the queue or the
 * store each time whether it would take an entry now, and the store whether the region is drained.
 */
import { followDrains } from '../access/drain/drain-follower.ts';
import { createClock, systemTime } from '../clock.ts';
import type { Config } from '../config/load.ts';
import { loadConfig } from '../config/load.ts';
import { version } from '../config/version.ts';
import { createAppShell } from '../http/app-shell.ts';
import { addHealth } from '../http/routes/health.ts';
import { createHealth } from '../telemetry/health.ts';
import { createLog } from '../telemetry/log.ts';
import type { FrontApplication, FrontHandler } from './front-handler.ts';
import { createFrontHandler } from './front-handler.ts';
import { openFunctionDrivers } from './open-drivers.ts';
import { reopened } from './reopened.ts';

export interface HealthHandlerOptions {
  /** @throws {StartError} */
  readonly load: () => Promise<Config>;
  /** Where the log goes; default standard output. */
  readonly write?: (line: string) => void;
}

/** Nothing is in flight here. */
const IDLE = { state: 'open', entriesInFlight: 0, bytesInFlight: 0 } as const;

export function createHealthHandler({ load, write }: HealthHandlerOptions): FrontHandler {
  const log = createLog('info', write && { write });
  const open = reopened(async () => {
    const config = await load();
    log.level = config.logLevel;
    const { store, queue } = await openFunctionDrivers(config, log);
    const acceptor = queue ?? store;
    const durability = () => {
      const { durability: level, durabilityProof: proof } = acceptor.capabilities;
      return { level, proof };
    };
    const clock = createClock(systemTime);
    const intake = { status: () => IDLE };
    const times = { nowMicros: () => clock.nowMicros(), nowMs: () => clock.nowMicros() / 1000 };
    const { region } = config;
    const drains = followDrains({ store, region, ...times, everyMs: undefined, reach: store.reach });
    const health = createHealth(
      {
        clock: () => clock.status(),
        intake: intake.status,
        acceptor: {
          name: queue === undefined ? 'store' : 'queue',
          durability,
          probe: () => acceptor.probe(),
        },
        drained: drains.current,
        region,
        parts: {},
        registers: config.registers,
        ...times,
      },
      { failuresToLeave: 1, freshMs: 0 },
    );
    const draining = new AbortController().signal;

    /** One for each stage. */
    function appOf(basePath: string) {
      const context = { config: { ...config, basePath }, version, log, draining };
      const { app, get } = createAppShell(context, 'of /healthz, /readyz, /health');
      addHealth({ health, durability, draining, intake, queue }, get);
      return app;
    }

    const application: FrontApplication & { readonly isOver: boolean } = {
      async answer(request, { basePath }) {
        clock.catchUp();
        return appOf(`${basePath}${config.basePath}`).fetch(request);
      },
      rest() {},
      isOver: false,
    };
    return application;
  });
  return createFrontHandler({ open, log });
}

export const handler = createHealthHandler({ load: () => loadConfig() });
