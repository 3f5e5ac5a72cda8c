/**
 * Checks files that a platform reads against the schema that is published for them. Only those whose schema comes in no
 * package: the others have a test. The schema is fetched from where it is published, as of one commit.
 *
 *   npm run check:schemas -- [--schemas DIRECTORY] [--checkout DIRECTORY]
 *
 * `--schemas` takes the schemas from a directory, for where nothing can be fetched; they have to be the same bytes.
 * `--checkout` looks at the files of another directory.
 */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';

import { withAwsTask } from './azure-schema.ts';
import { ROOT } from './checkout.ts';
import { say } from './command.ts';
import type { PinnedFile } from './pinned-download.ts';
import { assertPinned, download } from './pinned-download.ts';
import type { JsonSchema, Scalars } from './schema-faults.ts';
import { faultsOf } from './schema-faults.ts';

interface Published {
  readonly path: string;
  readonly schema: PinnedFile;
  readonly scalars: Scalars;
  readonly complete?: (schema: JsonSchema) => JsonSchema;
}

const RAW = 'https://raw.githubusercontent.com';
const PUBLISHED: readonly Published[] = [
  {
    path: 'azure-pipelines.yml',
    schema: {
      // Of Microsoft's extension for editors; SchemaStore's catalog leads to the same file. It calls itself 1.261.1.
      url: `${RAW}/microsoft/azure-pipelines-vscode/e8090fd525cd6ba47d7685c698f3f51983e298c6/service-schema.json`,
      sha256: 'f00a9630f6550204148634d9a13f634b5750a225559886effe09a751482f0459',
    },
    scalars: 'strings',
    complete: withAwsTask,
  },
  {
    path: '.github/dependabot.yml',
    schema: {
      url: `${RAW}/SchemaStore/schemastore/3b6446ad8a077bac56f4a4796c0b7fd88927fc8e/src/schemas/json/dependabot-2.0.json`,
      sha256: '46255f692a8d661325e9d044b50f4b687aff68633b716420b64e460fb212b471',
    },
    scalars: 'values',
  },
];

const { values } = parseArgs({
  options: { schemas: { type: 'string' }, checkout: { type: 'string', default: ROOT } },
});
for (const published of PUBLISHED) {
  try {
    if (!(await isAsPublished(published))) process.exitCode = 1;
  } catch (error) {
    say(`${published.path}: NOT CHECKED: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}

/** @throws {Error} when the schema cannot be had, which says nothing about the file. */
async function isAsPublished({ path, schema, scalars, complete }: Published): Promise<boolean> {
  const bytes = values.schemas === undefined ? await download(schema) : await kept(values.schemas, schema);
  const found = JSON.parse(bytes.toString('utf8')) as JsonSchema;
  const text = await readFile(join(values.checkout, path), 'utf8');
  const faults = faultsOf(text, complete?.(found) ?? found, scalars);
  for (const fault of faults) say(`${path}: ${fault}`);
  say(`${path}: ${faults.length === 0 ? 'is' : 'is NOT'} what ${schema.url} expects`);
  return faults.length === 0;
}

async function kept(directory: string, file: PinnedFile): Promise<Buffer> {
  const bytes = await readFile(join(directory, basename(file.url)));
  assertPinned(bytes, file);
  return bytes;
}
