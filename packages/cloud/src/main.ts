/**
 * The process behind `npm run cloud` and `daybook cloud`: hands the commands what a process has, and ends with their code.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { runProgram } from './aws/programs.ts';
import { createSdkCalls } from './aws/sdk-calls.ts';
import type { Host } from './commands/cloud.ts';
import { loadDeployment } from './config/load.ts';
import { writeScale } from './config/scale-file.ts';
import { run } from './program.ts';
import { synthesise } from './synthesis.ts';
import { createTerminal } from './terminal.ts';

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'daybook-cloud-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

// So that what is temporary goes too. A program that runs meanwhile has a listener of its own: it decides then.
process.on('SIGINT', () => {
  if (process.listenerCount('SIGINT') === 1) process.exit(130);
});
process.once('SIGTERM', () => process.exit(143));

const host: Host = {
  terminal: createTerminal(),
  createCalls(profile) {
    // For all that runs here: the SDK's clients, Daybook's own, the CDK.
    if (profile !== undefined) process.env['AWS_PROFILE'] = profile;
    return createSdkCalls(process.env['AWS_PROFILE']);
  },
  runProgram,
  fetch: globalThis.fetch,
  loadDeployment,
  writeScale,
  synthesise,
  temporaryDirectory,
  sleep,
  nowMs: () => Date.now(),
  apiKey: process.env['DAYBOOK_API_KEY'],
};

process.exitCode = await run(process.argv.slice(2), host);
