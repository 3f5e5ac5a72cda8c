/**
 * The password of a store in a file, as orchestrators mount secrets: read for every new connection, so that replacing the
 * file is all that a rotation takes.
 */
import { readFile } from 'node:fs/promises';

import { toError } from '../../errors.ts';
import type { RotatingPassword } from './password.ts';
import { PasswordError } from './password.ts';

/** The file is UTF-8; one line end at its end, which editors and `echo` leave, is none of the password. */
export function createPasswordFile(path: string): RotatingPassword {
  return {
    async current() {
      const text = await readFile(path, 'utf8').catch((cause: unknown) => {
        throw new PasswordError(toError(cause).message, { unusable: true, cause });
      });
      const password = text.replace(/\r?\n$/, '');
      if (password !== '') return password;
      throw new PasswordError(`expected a password in ${path}, given nothing`, { unusable: true });
    },
    // The next one reads it anyway.
    refused() {},
  };
}
