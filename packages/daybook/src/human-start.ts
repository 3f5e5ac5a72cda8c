/**
 * What a person sees who starts Daybook on a terminal.
 */
import type { Daybook } from './daybook.ts';
import type { Register } from './register.ts';

export function humanStart(
  { config, durability, adminKeyFile, adminKeyIsNew }: Daybook,
  url: string,
): string {
  const { level, proof } = durability();
  const { registers } = config;
  const first = registers.find(({ access }) => access.write === 'open');
  const next =
    first === undefined
      ? `Who may do what:          ${url}/docs`
      : `Put a moment on record:   curl -X POST ${url}/${first.name}`;
  return `
  Daybook is ready          ${url}

  data directory            ${config.dataDir}
  durability                ${level} — ${proof}
  registers (open)          ${pathsOf(registers.filter((register) => isOpen(register)))}
  … with a credential       ${pathsOf(registers.filter((register) => !isOpen(register)))}
  admin key                 ${adminKeyFile}${adminKeyIsNew ? '  (new)' : ''}

  ${next}

`;
}

/** Of a process that has only the pages. */
export function humanWebStart(url: string, apiUrl: string): string {
  return `
  Daybook's pages are ready ${url}

  API                       ${apiUrl}

`;
}

function isOpen({ access }: Register): boolean {
  return access.write === 'open' && access.read === 'open';
}

function pathsOf(registers: readonly Register[]): string {
  return registers.map(({ name }) => `/${name}`).join('  ') || 'none';
}
