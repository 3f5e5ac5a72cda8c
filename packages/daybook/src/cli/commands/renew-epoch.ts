/**
 * `daybook renew-epoch`: a restored store is given a new life. Works on the store itself, with the configuration of a server.
 */
import type { Command } from 'commander';

import { parseStoreUrl, withoutPassword } from '../../config/driver-urls.ts';
import type { Config } from '../../config/load.ts';
import type { Cli } from '../cli.ts';
import { action, defineCommand } from '../cli.ts';
import { assertCanAsk, confirm } from '../confirm.ts';
import { EXIT_FAILURE, EXIT_OK } from '../failure.ts';
import type { StoreFlags } from '../store-config.ts';
import { addStoreOptions, loadStoreConfig } from '../store-config.ts';
import { printable } from '../terminal.ts';

interface RenewFlags extends StoreFlags {
  readonly yes?: boolean;
}

export function addRenewEpoch(program: Command, cli: Cli): void {
  const command = defineCommand(program, {
    usage: 'renew-epoch',
    summary: 'After a restore: refuse all cursors of before, so that none is misunderstood. Asks first.',
    examples: [
      ['daybook renew-epoch', 'of the store in ./data, while no server runs on it'],
      ['daybook renew-epoch --store "$URL" --yes', 'of a PostgreSQL database, while servers run'],
    ],
  });
  addStoreOptions(command)
    .option('--yes', 'do not ask')
    .action(action(cli, (flags: RenewFlags) => renewEpoch(cli, flags)));
}

/** @returns the exit code: 1 when the answer was no. */
async function renewEpoch({ terminal }: Cli, flags: RenewFlags): Promise<number> {
  const config = await loadStoreConfig(flags);
  const name = nameOf(config);
  if (flags.yes !== true) {
    assertCanAsk();
    if (!(await confirm(`Give ${name} a new epoch? Every cursor that clients hold is refused once.`))) {
      terminal.note('nothing was done');
      return EXIT_FAILURE;
    }
  }
  const { renewEpochOfStore } = await import('../../renew-epoch.ts');
  const { createLog } = await import('../../telemetry/log.ts');
  await renewEpochOfStore(config, createLog('silent'));
  const line = flags.json === true ? JSON.stringify({ store: name }) : `${printable(name)}: a new epoch`;
  await terminal.line(line);
  return EXIT_OK;
}

function nameOf({ store, dataDir }: Config): string {
  return parseStoreUrl(store.url)?.driver === 'sqlite'
    ? `the store in ${dataDir}`
    : withoutPassword(store.url);
}
