/**
 * What time it is where entries are kept, or why nobody knows.
 */
import { html } from './html.ts';
import type { Html } from './html.ts';

/** `no-api`: the API gave no answer. */
export type RegisterTime =
  | {
      readonly region: string;
      /** RFC 3339; null while the database does not answer. */
      readonly databaseTime: string | null;
    }
  | 'no-api';

const NO_API = 'The API gave no answer, so nothing can be put on record from here now.';
const NO_DATABASE =
  'The database does not answer now. What the API acknowledges meanwhile is kept all the same.';

/** In one sentence, for terminals. */
export function registerTimeText(time: RegisterTime): string {
  if (time === 'no-api') return NO_API;
  if (time.databaseTime === null) return NO_DATABASE;
  return `The register's time is ${time.databaseTime} in ${time.region}.`;
}

export function registerTime(time: RegisterTime): Html {
  if (time === 'no-api' || time.databaseTime === null)
    return html`<p class="register-time failure" role="alert">${registerTimeText(time)}</p>`;
  const { databaseTime, region } = time;
  return html`<p class="register-time">
    The register’s time is <time datetime="${databaseTime}">${databaseTime}</time> in ${region}.
  </p>`;
}
