/**
 * What a person sees who starts Daybook on a terminal.
 */
import type { Daybook } from './daybook.ts';
import { isOpen } from './register.ts';

export function humanStart(
  { config, durability, adminKeyFile, adminKeyIsNew }: Daybook,
  url: string,
): string {
  const { level, proof } = durability();
  const open = config.registers.filter(isOpen).map((register) => register.name);
  const closed = config.registers.filter((register) => !isOpen(register)).map((register) => register.name);
  const [name = 'app'] = open;
  return `
  Daybook is ready          ${url}

  data directory            ${config.dataDir}
  durability                ${level} — ${proof}
  registers                 ${open.map((one) => `/${one}`).join('  ')}
  with a credential         ${closed.map((one) => `/${one}`).join('  ')}
  admin key                 ${adminKeyFile}${adminKeyIsNew ? '  (new)' : ''}

  Put a moment on record:   curl -X POST ${url}/${name}

`;
}
