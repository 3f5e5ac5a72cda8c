/**
 * What a person sees who starts Daybook on a terminal.
 */
import type { Daybook } from './daybook.ts';

export function humanStart(
  { config, durability, adminKeyFile, adminKeyIsNew }: Daybook,
  url: string,
): string {
  const { level, proof } = durability();
  const [name = 'app'] = config.registers.map((register) => register.name);
  const paths = config.registers.map((register) => `/${register.name}`).join('  ');
  return `
  Daybook is ready          ${url}

  data directory            ${config.dataDir}
  durability                ${level} — ${proof}
  registers (open)          ${paths}
  admin key                 ${adminKeyFile}${adminKeyIsNew ? '  (new)' : ''}

  Put a moment on record:   curl -X POST ${url}/${name}

`;
}
