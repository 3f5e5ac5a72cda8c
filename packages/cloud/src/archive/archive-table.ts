/**
 * The archive as a table of SQL: the lines of its segments as Daybook shows entries, without a crawler. Partitions are
 * computed from the names (partition projection), so a new day needs nothing and a new register only its name here.
 */
import { aws_glue as glue, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { SEGMENTS } from './archive-bucket.ts';

export interface ArchiveTableProps {
  readonly bucketName: string;
  /** Names of those that are archived. */
  readonly registers: readonly string[];
}

/**
 * Each as Hive writes it, and the member of an entry that it is. The register is a partition. What a payload is differs
 * from entry to entry: it is the text of its JSON, for `json_extract`.
 */
export const COLUMNS: readonly (readonly [column: string, member: string, type: string])[] = [
  ['id', 'id', 'string'],
  ['received_at', 'receivedAt', 'string'],
  ['occurred_at', 'occurredAt', 'string'],
  ['epoch_ms', 'epochMs', 'bigint'],
  ['subject', 'subject', 'string'],
  ['request_id', 'requestId', 'string'],
  ['client_ip', 'clientIp', 'string'],
  ['protocol', 'protocol', 'string'],
  ['region', 'region', 'string'],
  ['headers', 'headers', 'map<string,string>'],
  ['query', 'query', 'map<string,string>'],
  ['idempotency_key', 'idempotencyKey', 'string'],
  ['content_type', 'contentType', 'string'],
  ['payload', 'payload', 'string'],
  ['payload_encoding', 'payloadEncoding', 'string'],
];
/** Before it there was no archive; a fixed day, because what is not projected is not found, and nothing would say so. */
const FIRST_DAY = '2026-01-01';
/** A clock that was put back leaves segments in the day before it was. */
const LAST_DAY = 'NOW+1DAYS';

export class ArchiveTable extends Construct {
  readonly database: glue.CfnDatabase;
  readonly table: glue.CfnTable;

  constructor(scope: Construct, id: string, { bucketName, registers }: ArchiveTableProps) {
    super(scope, id);
    const { account, stackName } = Stack.of(this);
    // Athena takes no other characters without quotes ("Name databases, tables, and columns").
    const name = stackName.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_');
    this.database = new glue.CfnDatabase(this, 'Database', {
      catalogId: account,
      databaseInput: { name, description: 'Daybook: the archive' },
    });
    const location = `s3://${bucketName}/${SEGMENTS}`;
    this.table = new glue.CfnTable(this, 'Entries', {
      catalogId: account,
      databaseName: name,
      tableInput: {
        name: 'entries',
        description: 'Each entry once at least; after a restore twice: the id tells them apart',
        tableType: 'EXTERNAL_TABLE',
        partitionKeys: [
          { name: 'register', type: 'string' },
          { name: 'day', type: 'string', comment: 'UTC, on which it was archived: never before its own' },
        ],
        parameters: {
          EXTERNAL: 'TRUE',
          'projection.enabled': 'true',
          'projection.register.type': 'enum',
          'projection.register.values': registers.join(','),
          'projection.day.type': 'date',
          'projection.day.format': 'yyyy-MM-dd',
          'projection.day.range': `${FIRST_DAY},${LAST_DAY}`,
          'storage.location.template': `${location}\${register}/\${day}/`,
        },
        storageDescriptor: {
          location,
          columns: COLUMNS.map(([column, , type]) => ({ name: column, type })),
          inputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
          outputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
          compressed: true,
          serdeInfo: {
            // "OpenX JSON SerDe", Amazon Athena User Guide: names as they are, since a payload's differ in case alone.
            serializationLibrary: 'org.openx.data.jsonserde.JsonSerDe',
            parameters: {
              'case.insensitive': 'FALSE',
              'ignore.malformed.json': 'TRUE',
              ...Object.fromEntries(COLUMNS.map(([column, member]) => [`mapping.${column}`, member])),
            },
          },
        },
      },
    });
    this.table.addResourceDependency(this.database);
  }
}
