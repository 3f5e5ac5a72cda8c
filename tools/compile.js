/**
 * The end of every `npm ci` in a checkout: compiles what a server on the embedded default loads, so that its first start
 * is as quick and as small as every later one. Nothing depends on it, so it never fails an install.
 */
const NEEDED = 24;
const SOURCES = new URL('../packages/daybook/src/', import.meta.url);

async function compile() {
  const { keepYoungHeapSmall } = await import('../packages/daybook/bin/young-heap.js');
  keepYoungHeapSmall();
  const { keepCompiledCode } = await import('../packages/daybook/bin/compile-cache.js');
  keepCompiledCode();
  for (const module of ['cli/main.ts', 'main.ts', 'store/sqlite/reader.ts', 'store/sqlite/writer.ts'])
    await import(new URL(module, SOURCES).href);
  process.getBuiltinModule('module').flushCompileCache();
}

if (Number(process.versions.node.split('.')[0]) >= NEEDED) {
  await compile().catch((error) => {
    process.stderr.write(`not compiled ahead, the first start will do it: ${error.message}\n`);
  });
}
