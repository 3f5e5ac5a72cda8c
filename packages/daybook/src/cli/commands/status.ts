/**
 * `daybook status`: how the server is; for an admin also how each of its parts is. Fails when it cannot accept.
 */
import type { Command } from 'commander';

import type { Status } from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { action, defineCommand } from '../cli.ts';
import { connectAsAdmin } from '../connection.ts';
import type { GlobalFlags } from '../connection.ts';
import { EXIT_FAILURE, EXIT_OK } from '../failure.ts';
import { toTable } from '../table.ts';
import type { Style, Terminal } from '../terminal.ts';
import { printable } from '../terminal.ts';

const STYLES: Readonly<Record<string, Style>> = {
  ok: 'green',
  degraded: 'yellow',
  drained: 'yellow',
  unavailable: 'red',
};

export function addStatus(program: Command, cli: Cli): void {
  defineCommand(program, {
    usage: 'status',
    summary: 'Show how the server is; exit code 1 when it cannot accept entries.',
    examples: [
      ['daybook status', 'with the admin key of ./data, if it is there'],
      ['daybook status --url https://daybook.example --api-key "$KEY"', 'of another machine'],
      ['daybook status --json', 'for scripts'],
    ],
  }).action(
    action(cli, async (flags: GlobalFlags) => {
      const status = await connectAsAdmin(flags).status();
      await cli.terminal.line(flags.json === true ? JSON.stringify(status) : describe(status, cli.terminal));
      return status.status === 'unavailable' ? EXIT_FAILURE : EXIT_OK;
    }),
  );
}

function describe({ components, ...status }: Status, terminal: Terminal): string {
  const { version, region, time, databaseTime } = status;
  const rows = [
    ['status', paintState(status.status, terminal)],
    ['version', version],
    ['region', region],
    ['time', time],
    ['database time', databaseTime ?? 'unknown'],
  ];
  if (components === undefined) return `${toTable(rows)}\n(The parts are shown to an admin only.)`;
  const parts = Object.entries(components).map(([name, { state, since, detail = '' }]) => [
    printable(name),
    paintState(state, terminal),
    `since ${since}`,
    printable(detail),
  ]);
  return `${toTable(rows)}\n\n${toTable(parts)}`;
}

function paintState(state: string, terminal: Terminal): string {
  return terminal.paint(STYLES[state] ?? 'yellow', printable(state));
}
