/**
 * PostgreSQL with a streaming replica in the place of the cluster that a template describes: its names, its settings, its
 * user, TLS for whoever is that user and a certificate that can be verified, and a password that is in Secrets Manager.
 * The replica streams by itself and shares no storage, as Aurora's readers do.
 */
import { chown, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { createAuthority } from '../../../../daybook/test/support/certificate.ts';
import { eventually } from '../../../../daybook/test/support/eventually.ts';
import type { TestPostgres } from '../../../../daybook/test/support/postgres.ts';
import { startPostgres } from '../../../../daybook/test/support/postgres.ts';
import type { SecretsManager } from '../../../../daybook/test/support/secrets-manager.ts';
import { startSecretsManager } from '../../../../daybook/test/support/secrets-manager.ts';
import type { ResolvedStack } from '../../local/template/resolve-template.ts';

export interface LocalDatabase {
  readonly primary: TestPostgres;
  readonly replica: TestPostgres;
  readonly secrets: SecretsManager;
  readonly name: string;
  readonly user: string;
  /** Of the authority, in the place of Amazon RDS's. */
  readonly certificateFile: string;
  /** `host:port` by the host in the template. */
  readonly places: ReadonlyMap<string, string>;
  /** As a rotation goes: the database first, the secret when `rotated` says so. */
  changePassword(password: string): Promise<{ rotated(): void }>;
  dispose(): Promise<void>;
}

const HOST = '127.0.0.1';
/** A small instance of RDS has some four hundred; the tasks of a deployment are eight with ten each. */
const CONNECTIONS = '200';

export async function startDatabase(stack: ResolvedStack): Promise<LocalDatabase> {
  const [cluster] = stack.resources('AWS::RDS::DBCluster');
  const [group] = stack.resources('AWS::RDS::DBClusterParameterGroup');
  if (cluster === undefined || group === undefined) throw new Error('expected a cluster');
  const { MasterUsername: user, DatabaseName: name } = cluster.properties() as {
    readonly MasterUsername: string;
    readonly DatabaseName: string;
  };
  const parameters = group.properties()['Parameters'] as Readonly<Record<string, string>>;
  const settings = Object.fromEntries(Object.entries(parameters).filter(([key]) => !key.startsWith('rds.')));
  const closing: (() => Promise<void>)[] = [];
  const dispose = async (): Promise<void> => {
    for (const close of closing.splice(0).toReversed()) await close();
  };
  try {
    const common = { ...settings, max_connections: CONNECTIONS };
    const primary = await startPostgres({
      settings: { ...common, wal_level: 'replica', max_wal_senders: '4' },
    });
    closing.push(primary.dispose);
    const certificateFile = await encrypt(primary, user, parameters['rds.force_ssl'] === '1');
    await primary.query(`CREATE ROLE ${user} LOGIN`);
    await primary.query(`CREATE DATABASE ${name} OWNER ${user}`);
    const secrets = await startSecretsManager(cluster.attribute('MasterUserSecret.SecretArn'));
    closing.push(secrets.stop);
    async function changePassword(password: string): Promise<{ rotated(): void }> {
      await primary.query(`ALTER ROLE ${user} PASSWORD '${password}'`);
      return { rotated: () => void (secrets.secret = JSON.stringify({ username: user, password })) };
    }
    (await changePassword('the-first')).rotated();
    // Settings that were altered go with the copy.
    const replica = await startPostgres({ standbyOf: primary, settings: common });
    closing.push(replica.dispose);
    await eventually('the replica streams', async () => {
      const rows = await primary.query(`SELECT FROM pg_stat_replication WHERE state = 'streaming'`);
      return rows.length === 1;
    });
    return {
      primary,
      replica,
      secrets,
      name,
      user,
      certificateFile,
      places: new Map([
        [cluster.attribute('Endpoint.Address'), `${HOST}:${primary.port}`],
        [cluster.attribute('ReadEndpoint.Address'), `${HOST}:${replica.port}`],
      ]),
      changePassword,
      dispose,
    };
  } catch (thrown) {
    await dispose();
    throw thrown;
  }
}

/** @returns the file of the authority. What is set here is in force with the next start. */
async function encrypt(server: TestPostgres, user: string, isForced: boolean): Promise<string> {
  const authority = createAuthority('of the database');
  const { certificate, key } = authority.issue([HOST]);
  const certificateFile = join(server.directory, 'authority.crt');
  await writeFile(certificateFile, authority.certificate);
  // The server takes no key that others may read, and none that is another's.
  const { uid, gid } = await stat(server.directory);
  for (const [setting, text] of Object.entries({ ssl_cert_file: certificate, ssl_key_file: key })) {
    const path = join(server.directory, setting);
    await writeFile(path, text, { mode: 0o600 });
    await chown(path, uid, gid);
    await server.query(`ALTER SYSTEM SET ${setting} = '${path}'`);
  }
  await server.query('ALTER SYSTEM SET ssl = on');
  if (isForced) {
    const rules = join(server.directory, 'data', 'pg_hba.conf');
    await writeFile(rules, `hostnossl all ${user} all reject\n${await readFile(rules, 'utf8')}`);
  }
  return certificateFile;
}
