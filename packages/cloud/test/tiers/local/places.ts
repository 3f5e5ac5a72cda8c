/**
 * The only changes that a task's variables see on this machine, all of them places: where the services answer (as the
 * `endpoint` of Daybook's own URLs, or host and port), which file has the authority of the database, a port that is free,
 * since all tasks have one address here, and a directory of its own in place of the volume. And what the role of a task is
 * on AWS: credentials, any of which will do.
 */
import { CREDENTIALS } from '../../local/backends/queues.ts';

export interface Places {
  readonly queues: string;
  readonly objects: string;
  readonly secrets: string;
  /** `host:port` by the host that the template names. */
  readonly databases: ReadonlyMap<string, string>;
  readonly certificateFile: string;
  /** By the URL that the template names, of the balancer. */
  readonly balancer: (port: number) => string;
}

export function placedVariables(
  variables: Readonly<Record<string, string>>,
  places: Places,
): Record<string, string> {
  const changed = Object.entries(variables).flatMap(([name, value]): [string, string][] => {
    switch (name) {
      case 'DAYBOOK_PORT':
        return [[name, '0']];
      case 'DAYBOOK_DATA_DIR':
        return [];
      case 'DAYBOOK_QUEUE':
        return [[name, withEndpoint(value, places.queues)]];
      case 'DAYBOOK_OBJECTS':
        return [[name, withEndpoint(value, places.objects)]];
      case 'DAYBOOK_STORE_PASSWORD_FROM':
        return [[name, `${value}?endpoint=${places.secrets}`]];
      case 'DAYBOOK_STORE':
      case 'DAYBOOK_STORE_REPLICA':
        return [[name, databaseUrl(value, places)]];
      case 'DAYBOOK_API_URL':
        return [[name, places.balancer(Number(new URL(value).port))]];
      default:
        return [[name, value]];
    }
  });
  return {
    ...Object.fromEntries(changed),
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  };
}

function databaseUrl(text: string, { databases, certificateFile }: Places): string {
  const url = new URL(text);
  const here = databases.get(url.hostname);
  if (here === undefined) throw new Error(`expected a database of the template, given ${url.hostname}`);
  url.host = here;
  url.searchParams.set('sslrootcert', certificateFile);
  return url.href;
}

function withEndpoint(url: string, endpoint: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}endpoint=${encodeURIComponent(endpoint)}`;
}
