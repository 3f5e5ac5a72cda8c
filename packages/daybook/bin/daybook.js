#!/usr/bin/env node
// The `daybook` command. Plain JavaScript that an old Node.js can still read (no static import, no top-level await, no
// import.meta), so that it says in one line what is missing instead of failing on syntax.

const NEEDED = 24;

if (Number(process.versions.node.split('.')[0]) < NEEDED) {
  process.stderr.write(
    `daybook: needs Node.js ${NEEDED} or newer, this is ${process.versions.node} (${process.execPath}); ` +
      'in a checkout use "npm start" or "npx daybook" after "npm ci", which bring their own\n',
  );
  process.exitCode = 2;
} else {
  void start();
}

/** Whatever it does not expect ends the process with 1 and a stack. */
async function start() {
  const { keepYoungHeapSmall } = await import('./young-heap.js');
  keepYoungHeapSmall();
  const { keepCompiledCode } = await import('./compile-cache.js');
  keepCompiledCode();
  const main = await load();
  process.exitCode = await main.run(process.argv.slice(2));
}

/** A checkout has the sources, which Node.js runs as they are; the published package has only what was built of them. */
async function load() {
  try {
    return await import('../src/cli/main.ts');
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND' || !error.url.endsWith('/src/cli/main.ts')) throw error;
    return import('../dist/cli/main.js');
  }
}
