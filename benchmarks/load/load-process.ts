/**
 * Entry of a load process: takes commands from the benchmark over the process channel, one at a time.
 *
 * It ends by itself when the channel closes, so it cannot outlive the benchmark.
 */
import { createAcknowledgedIds } from './acknowledged-ids.ts';
import type { AcknowledgedIds } from './acknowledged-ids.ts';
import { runClosedLoop } from './closed-loop.ts';
import { runExport } from './export-reader.ts';
import type { LoadCommand, LoadReply, LoadResults } from './messages.ts';
import { runOpenLoop } from './open-loop.ts';
import { runProbe } from './probe.ts';
import { runReadBack } from './read-back.ts';

const RUNNERS = {
  'closed-loop': runClosedLoop,
  'open-loop': runOpenLoop,
  probe: runProbe,
  export: runExport,
  'read-back': runReadBack,
} as const;

function run(command: LoadCommand, ids: AcknowledgedIds): Promise<LoadResults[LoadCommand['kind']]> {
  const runner = RUNNERS[command.kind] as (
    command: LoadCommand,
    ids: AcknowledgedIds,
  ) => Promise<LoadResults[LoadCommand['kind']]>;
  return runner(command, ids);
}

function reply(message: LoadReply): void {
  process.send?.(message);
}

const ids = createAcknowledgedIds();
process.on('disconnect', () => process.exit(0));
process.on('message', (command: LoadCommand) => {
  run(command, ids).then(
    (result) => reply({ result }),
    (error: unknown) =>
      reply({ error: `${command.kind}: ${error instanceof Error ? error.message : String(error)}` }),
  );
});
