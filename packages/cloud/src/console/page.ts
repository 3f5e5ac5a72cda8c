/**
 * The welcome page as a file: what the application would render, without the entries that are there at the moment, which
 * its script fetches. The page and its assets are served from a bucket, so that reading them starts no function.
 */
import { fileURLToPath } from 'node:url';

import type { Register } from 'daybook/deployment';
import { welcomePage, welcomeRegister } from 'daybook/deployment';

/** Styles, scripts and the icon. */
export const ASSETS = fileURLToPath(new URL('../../../daybook/assets/', import.meta.url));

export interface ConsolePageProps {
  /** What stands before every path: nothing, or `/` and the name of a stage. */
  readonly basePath: string;
  readonly region: string;
  readonly registers: readonly Register[];
  /** Whether entries are acknowledged by the queue, or by the table itself. */
  readonly queued: boolean;
}

export function consolePage({ basePath, region, registers, queued }: ConsolePageProps): string {
  const postRegister = welcomeRegister(registers);
  const service = queued ? 'Amazon SQS' : 'Amazon DynamoDB';
  return welcomePage({
    basePath,
    version: '',
    region,
    durability: { level: 'replicated-fsync', proof: `${service}: statement of its vendor` },
    registers: [...registers],
    ...(postRegister && { postRegister }),
    streams: false,
    latest: [],
  });
}
