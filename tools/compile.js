/**
 * The end of every `npm ci` in a checkout: compiles what a server on the embedded default loads, so that its first start
 * is as quick and as small as every later one. Nothing depends on it, so it never fails an install.
 *
 * Compiled code is kept for one set of V8's flags. A start has its own, see `young-heap.js`; threads that come when it is
 * over have those of V8, and are compiled by a second process.
 */
const NEEDED = 24;
const SOURCES = new URL('../packages/daybook/src/', import.meta.url);
const THREADS = ['store/sqlite/reader.ts', 'store/sqlite/writer.ts'];

async function compile() {
  const { keepYoungHeapSmall } = await import('../packages/daybook/bin/young-heap.js');
  keepYoungHeapSmall();
  await keep(['cli/main.ts', 'main.ts', ...THREADS]);
  const { spawnSync } = await import('node:child_process');
  spawnSync(process.execPath, [process.argv[1], 'threads'], { stdio: 'inherit' });
}

async function keep(modules) {
  const { keepCompiledCode } = await import('../packages/daybook/bin/compile-cache.js');
  keepCompiledCode();
  for (const module of modules) await import(new URL(module, SOURCES).href);
  process.getBuiltinModule('module').flushCompileCache();
}

if (Number(process.versions.node.split('.')[0]) >= NEEDED) {
  const compiled = process.argv[2] === 'threads' ? keep(THREADS) : compile();
  await compiled.catch((error) => {
    process.stderr.write(`not compiled ahead, the first start will do it: ${error.message}\n`);
  });
}
