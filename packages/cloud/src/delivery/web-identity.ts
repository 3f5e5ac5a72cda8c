/**
 * Puts a pipeline's token where the clients of AWS look for it: they exchange it for the role that AWS_ROLE_ARN names. For
 * pipelines that hand the token over as a variable (GitLab: `id_tokens`).
 *
 *   WEB_IDENTITY_TOKEN=… AWS_WEB_IDENTITY_TOKEN_FILE=… npm run delivery:web-identity
 */
import { rmSync, writeFileSync } from 'node:fs';

import { EXIT_USAGE } from '../failure.ts';

const { WEB_IDENTITY_TOKEN: token = '', AWS_WEB_IDENTITY_TOKEN_FILE: file = '' } = process.env;

if (token === '' || file === '') {
  process.stderr.write(
    'web identity: expected WEB_IDENTITY_TOKEN and AWS_WEB_IDENTITY_TOKEN_FILE in the environment\n',
  );
  process.exitCode = EXIT_USAGE;
} else {
  // Made anew, so that nobody holds it open and its mode is ours.
  rmSync(file, { force: true });
  writeFileSync(file, token, { mode: 0o600, flag: 'wx' });
}
