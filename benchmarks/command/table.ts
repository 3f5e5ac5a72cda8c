/**
 * The result as plain, aligned text: one line a figure, target and verdict beside it.
 */
import type { Figure } from './figure.ts';
import type { BenchResult } from './result-file.ts';

export function renderTable(result: BenchResult): string {
  const lines: string[] = [];
  const groups = Map.groupBy(result.figures, (figure) => figure.group);
  const nameWidth = Math.max(...result.figures.map((figure) => figure.name.length)) + 2;
  for (const [group, figures] of groups) {
    lines.push('', group);
    for (const figure of figures) lines.push(renderFigure(figure, nameWidth));
  }
  if (result.notes.length > 0) lines.push('', ...result.notes.map((note) => `note: ${note}`));
  lines.push(
    '',
    ...result.verifications.map(({ name, readBack }) => {
      return (
        `${name}: acknowledged ${count(readBack.acknowledged)} · found ${count(readBack.found)} · ` +
        `lost ${count(readBack.lost)} · twice ${count(readBack.foundTwice)}`
      );
    }),
  );
  if (result.void) {
    lines.push('', '*** THIS RUN IS VOID: no figure above counts ***');
    lines.push(...result.voidReasons.map((reason) => `*** ${reason}`));
  }
  return `${lines.join('\n')}\n`;
}

function count(value: number): string {
  return value.toLocaleString('en');
}

function renderFigure({ name, value, unit, rounds, target, met }: Figure, nameWidth: number): string {
  const spread =
    rounds.length < 2 ? '' : `${format(Math.min(...rounds), unit)} … ${format(Math.max(...rounds), unit)}`;
  const wanted = target === null ? '' : 'atLeast' in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`;
  const verdict = met === null ? '' : met ? 'pass' : 'MISS';
  const figure = `${format(value, unit).padStart(11)} ${unit.padEnd(3)}`;
  return `  ${name.padEnd(nameWidth)}${figure} ${spread.padEnd(24)}${wanted.padEnd(8)}${verdict}`.trimEnd();
}

function format(value: number, unit: string): string {
  if (unit === '/s') return Math.round(value).toLocaleString('en');
  if (unit === 'MB') return value.toFixed(0);
  return value < 100 ? value.toFixed(2) : value.toFixed(0);
}
