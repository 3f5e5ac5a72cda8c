/**
 * For commands that work on a store itself: the configuration as a server on it has it, with flags over it.
 */
import type { Command } from 'commander';

import type { Config } from '../config/load.ts';
import type { GlobalFlags } from './connection.ts';

export interface StoreFlags extends GlobalFlags {
  readonly config?: string;
  readonly store?: string;
}

export function addStoreOptions(command: Command): Command {
  return command
    .option('--config <file>', 'configuration file, as that of the server')
    .option('--store <url>', 'sqlite:, postgres://… or dynamodb://… (default: as the server finds it)');
}

/** @throws {StartError} one line: the key, what was expected, what was given. */
export async function loadStoreConfig({ config, store, dataDir }: StoreFlags): Promise<Config> {
  // Loaded here only: other commands have no use for a configuration.
  const { loadConfig } = await import('../config/load.ts');
  return loadConfig({
    ...(config !== undefined && { DAYBOOK_CONFIG: config }),
    ...(store !== undefined && { DAYBOOK_STORE: store }),
    ...(dataDir !== undefined && { DAYBOOK_DATA_DIR: dataDir }),
  });
}
