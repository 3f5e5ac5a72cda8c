/**
 * The estimate as it stands in `docs/aws-costs.md`, between its two marks.
 */
import type { Deployment } from '../config/schema.ts';
import type { CostTemplate } from './cost-template.ts';
import { idleCost } from './idle.ts';
import { ASSUMED, costPerMillion } from './per-entry.ts';
import type { CostLine } from './prices.ts';
import { PRICES, totalOf, usdOf } from './prices.ts';

export interface Estimated {
  readonly topology: string;
  readonly deployment: Deployment;
  readonly templates: readonly CostTemplate[];
}

export const BEGIN = '<!-- computed: packages/cloud/src/costs -->';
export const END = '<!-- end of what is computed -->';

/** Daily for 35 days and monthly for a year, each a whole copy. */
const BACKUPS = 35 + 12;

export function costReport(production: readonly Estimated[]): string {
  const perMillion = production.map(({ deployment }) => costPerMillion(deployment));
  const idle = production.map(({ deployment, templates }) => idleCost(deployment, templates));
  const names = production.map(({ topology }) => `\`${topology}\``);
  return [
    BEGIN,
    '',
    '### A million entries, each in a request of its own',
    '',
    ...table(names, perMillion),
    '',
    '### A month in which nobody calls (`prd`)',
    '',
    ...table(names, idle),
    '',
    '### What stays',
    '',
    '| A month, for each GB | |',
    '|---|---|',
    `| in the table, in each region | ${usd(PRICES.tableGbMonth.usd)} |`,
    `| … to any second of the last 35 days | ${usd(PRICES.recoveryGbMonth.usd)} |`,
    `| … ${BACKUPS} backups, each a whole copy (\`prd\`) | ${usd(BACKUPS * PRICES.backupGbMonth.usd)} |`,
    `| in the database, in two zones | ${usd(2 * PRICES.databaseGbMonth.usd)} |`,
    `| … a GB of its backups, which share what did not change | ${usd(PRICES.databaseBackupGbMonth.usd, 3)} |`,
    '',
    '### Assumed',
    '',
    ...Object.entries(ASSUMED).map(([name, value]) => `- \`${name}\`: ${value}`),
    '',
    '### Prices',
    '',
    '| US dollars | For | Page |',
    '|---|---|---|',
    ...Object.values(PRICES).map(
      ({ usd: price, of, page }) => `| ${plain(price)} | ${of} | ${page} pricing |`,
    ),
    '',
    END,
  ].join('\n');
}

/** One row for each line that any of them has. */
function table(names: readonly string[], columns: readonly (readonly CostLine[])[]): string[] {
  const rows = new Set(columns.flatMap((lines) => lines.map(({ what }) => kindOf(what))));
  return [
    `| | ${names.join(' | ')} |`,
    `|---|${names.map(() => '---:|').join('')}`,
    ...[...rows].map((row) => {
      const cells = columns.map((lines) => {
        const found = lines.filter(({ what }) => kindOf(what) === row);
        if (found.length === 0) return '';
        const detail = found[0]?.what.slice(row.length) ?? '';
        const note = detail.includes('units an entry') ? ` (${detail.slice(2)})` : '';
        return `${usd(found.reduce((sum, line) => sum + usdOf(line), 0))}${note}`;
      });
      return `| ${row} | ${cells.join(' | ')} |`;
    }),
    `| **together** | ${columns.map((lines) => `**${usd(totalOf(lines))}**`).join(' | ')} |`,
  ];
}

/** `api: calls` and `api: time` are one row. */
function kindOf(what: string): string {
  return what.split(':')[0] ?? what;
}

function usd(amount: number, digits = 2): string {
  return `$ ${amount.toFixed(digits)}`;
}

/** Without an exponent. */
function plain(price: number): string {
  return price.toFixed(10).replace(/0+$/, '').replace(/\.$/, '');
}
