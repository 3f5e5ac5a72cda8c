/**
 * GitHub's own parser of workflows, with GitHub's schema of them. It loads the schema as a bundler would; Node.js wants to
 * be told that it is JSON.
 */
import { registerHooks } from 'node:module';

/** @returns what GitHub finds wrong, in words. */
export async function faultsOfWorkflow(name: string, content: string): Promise<readonly string[]> {
  const hooks = registerHooks({
    load: (url, context, next) =>
      next(url, url.endsWith('.json') ? { ...context, importAttributes: { type: 'json' } } : context),
  });
  try {
    const { NoOperationTraceWriter, parseWorkflow } = await import('@actions/workflow-parser');
    const { context } = parseWorkflow({ name, content }, new NoOperationTraceWriter());
    return context.errors.getErrors().map(({ message }) => message);
  } finally {
    hooks.deregister();
  }
}
