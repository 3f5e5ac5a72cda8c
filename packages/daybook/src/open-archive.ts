/**
 * What an archive is made of, the same in a function and as a command: the registers that are kept for ever, the lines that
 * reads would show, and what is told on the way.
 */
import type { Logger } from 'pino';

import { isArchived } from './archive/archived.ts';
import type { ArchiveRunOptions } from './archive/archive-all.ts';
import { createArchiver } from './archive/archiver.ts';
import { systemTime } from './clock.ts';
import type { Config } from './config/load.ts';
import { entryToJson } from './http/entry-json.ts';
import type { Objects } from './objects/objects.ts';
import type { Store } from './store/store.ts';

export interface ArchiveParts {
  readonly config: Pick<Config, 'registers'>;
  readonly store: Pick<Store, 'lanes' | 'tail'>;
  readonly objects: Pick<Objects, 'create' | 'list'>;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

export function openArchive({ config, store, objects, log }: ArchiveParts): ArchiveRunOptions {
  return {
    registers: config.registers.filter(isArchived),
    archiverOf: (register) =>
      createArchiver({
        store,
        objects,
        toLine: (entry) => entryToJson(register, entry),
        nowMicros: () => systemTime.wallMs() * 1000,
        onOvertaken: ({ register: name }) => log.warn({ event: 'archive-overtaken', register: name }),
      }),
    onArchived: (register, done) => log.info({ event: 'archived', register, ...done }),
  };
}
