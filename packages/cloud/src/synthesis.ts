/**
 * From a deployment to its cloud assembly: bundles, app, templates.
 */
import type { Deployment } from './config/schema.ts';

/**
 * What is needed for it takes a second to load, so it is loaded here.
 * @param directory empty. @throws what CDK finds wrong: an error of an annotation, a template that is not valid.
 */
export async function synthesise(deployment: Deployment, directory: string): Promise<void> {
  const [{ buildApp }, { buildBundles }] = await Promise.all([
    import('./app.ts'),
    import('./functions/bundles.ts'),
  ]);
  buildApp({ deployment, outdir: directory, bundles: await buildBundles() }).synth();
}
