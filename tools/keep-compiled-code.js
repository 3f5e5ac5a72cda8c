/** Given to Node.js as `--import`: a process of the tests, too, starts with the compiled code that others left. */
import { keepCompiledCode } from '../packages/daybook/bin/compile-cache.js';

keepCompiledCode();
