/**
 * Given to Node.js as `--import`: processes of the tests, too, start with the compiled code that others left. It goes with
 * `node_modules`.
 */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url)));
