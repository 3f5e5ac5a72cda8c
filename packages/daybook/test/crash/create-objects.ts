/**
 * A bare program on the file driver of object storage, run as a child: creates one object after the other, four at a
 * time, and tells of each, when `create` has resolved, on a line of standard output: `<name> <CLOCK_MONOTONIC in ns>`;
 * of one that failed `! <name> <reason>`. Objects tell by themselves whether they are whole.
 * Arguments: directory, name of the run, how many objects (0: until it is killed).
 */
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { createFileObjects } from '../../src/objects/file/file-objects.ts';
import { ObjectsError } from '../../src/objects/objects.ts';
import { makeWhole } from './whole-object.ts';

const [directory = '', run = '', count = '0'] = process.argv.slice(2);
const objects = await createFileObjects({ directory });
const limit = Number(count) || Number.POSITIVE_INFINITY;
let next = 0;

async function createOne(): Promise<void> {
  const index = (next += 1);
  const name = `run-${run}/${index % 3}/${index}`;
  try {
    // From a few bytes to several pages.
    const created = await objects.create(name, makeWhole(name, (index * 7919) % 20_000));
    if (!created) throw new Error(`${name} was there before`);
    writeSync(1, `${name} ${process.hrtime.bigint()}\n`);
  } catch (thrown) {
    if (!(thrown instanceof ObjectsError)) throw thrown;
    writeSync(1, `! ${name} ${thrown.reason}\n`);
    await sleep(10);
  }
}

await Promise.all(
  [1, 2, 3, 4].map(async () => {
    while (next < limit) await createOne();
  }),
);
