/**
 * Backups by AWS Backup, beside the recovery to any second: every day for 35 days, every month for a year, in a vault of
 * their own; where data goes with its stacks every day for a week, since whoever destroys them pays for none after that. A job that fails is told like an alarm of high priority. What is backed up is named by its ARN, the table, or
 * the database with the buckets: what has a certain tag one day is no list of what has to be kept.
 */
import type { aws_kms as kms, aws_sns as sns } from 'aws-cdk-lib';
import {
  aws_backup as backup,
  aws_events as events,
  aws_events_targets as targets,
  Duration,
  RemovalPolicy,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';
import type { Parts, ServiceParts } from '../parts.ts';
import { hasTiers } from '../parts.ts';
import { createBackupRole } from './backup-role.ts';
import { createServicesBackupRole } from './services-backup-role.ts';

export interface BackupProps {
  readonly deployment: Deployment;
  readonly parts: Parts | ServiceParts;
  /** Told of jobs that fail. */
  readonly alerts?: sns.ITopic | undefined;
}

/** As long as the table can be restored to any second. */
const DAILY_KEPT = Duration.days(35);
const MONTHLY_KEPT = Duration.days(365);
/** Where data goes with its stacks. */
const PASSING_KEPT = Duration.days(7);
/** A job that has not begun by then expires, and is told; the night goes on until the morning. */
const STARTS_WITHIN = Duration.hours(4);
const ENDS_WITHIN = Duration.hours(12);
/** What a job ends as when there is no backup: "Monitoring AWS Backup events using Amazon EventBridge". */
const FAILED_STATES = ['ABORTED', 'EXPIRED', 'FAILED'];

/** UTC. */
interface Schedule {
  readonly daily: events.CronOptions;
  readonly monthly: events.CronOptions;
}
const WITH_TABLE: Schedule = {
  daily: { hour: '1', minute: '0' },
  monthly: { hour: '3', minute: '0' },
};
/** Away from the hours of RDS itself (`database/entry-database.ts`). */
const WITH_DATABASE: Schedule = {
  daily: { hour: '0', minute: '20' },
  monthly: { hour: '1', minute: '0' },
};

export class Backup extends Construct {
  readonly vault: backup.BackupVault;

  constructor(scope: Construct, id: string, { deployment, parts, alerts }: BackupProps) {
    super(scope, id);
    this.vault = this.#vault(deployment, parts.key);
    const plan = this.#plan(hasTiers(parts) ? WITH_DATABASE : WITH_TABLE, deployment);
    const selection = plan.addSelection(hasTiers(parts) ? 'Database' : 'Table', {
      resources: resourcesOf(parts).map((arn) => backup.BackupResource.fromArn(arn)),
      role: hasTiers(parts)
        ? createServicesBackupRole(this, {
            database: parts.database,
            buckets: Object.values(parts.buckets),
            vault: this.vault,
            key: parts.key,
          })
        : createBackupRole(this, { table: parts.table, vault: this.vault, key: parts.key }),
      disableDefaultBackupPolicy: true,
    });
    selection.node.addDependency(this.vault);
    if (alerts !== undefined) this.#tellFailures(alerts, hasTiers(parts) ? 'database or a bucket' : 'table');
  }

  /**
   * Kept backups are locked against whoever removes them by mistake, for as long as a daily one is kept; somebody with the
   * right to it can take the lock off (governance mode). A vault that is to go is emptied by `destroy` first: AWS removes
   * none that has anything in it.
   */
  #vault({ onDestroy }: Deployment, key: kms.IKey | undefined): backup.BackupVault {
    const isKept = onDestroy === 'retain';
    return new backup.BackupVault(this, 'Vault', {
      removalPolicy: isKept ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      ...(key && { encryptionKey: key }),
      ...(isKept && { lockConfiguration: { minRetention: DAILY_KEPT } }),
    });
  }

  #plan({ daily, monthly }: Schedule, { onDestroy }: Deployment): backup.BackupPlan {
    const isKept = onDestroy === 'retain';
    const rule = (ruleName: string, deleteAfter: Duration, when: events.CronOptions) =>
      new backup.BackupPlanRule({
        ruleName,
        deleteAfter,
        scheduleExpression: events.Schedule.cron(when),
        startWindow: STARTS_WITHIN,
        completionWindow: ENDS_WITHIN,
        backupVault: this.vault,
      });
    return new backup.BackupPlan(this, 'Plan', {
      backupPlanRules: [
        rule('daily', isKept ? DAILY_KEPT : PASSING_KEPT, daily),
        ...(isKept ? [rule('monthly', MONTHLY_KEPT, { day: '1', ...monthly })] : []),
      ],
    });
  }

  #tellFailures(alerts: sns.ITopic, what: string): events.Rule {
    const rule = new events.Rule(this, 'Failed', {
      description: `Daybook: a backup of the ${what} failed`,
      eventPattern: {
        source: ['aws.backup'],
        detailType: ['Backup Job State Change'],
        detail: { state: FAILED_STATES, backupVaultName: [this.vault.backupVaultName] },
      },
    });
    rule.addTarget(new targets.SnsTopic(alerts, { message: failureText(what) }));
    return rule;
  }
}

/** All that changes: an archive is in the plan where there is one. */
function resourcesOf(parts: Parts | ServiceParts): string[] {
  if (!hasTiers(parts)) return [parts.table.tableArn];
  return [parts.database.arn, ...Object.values(parts.buckets).map(({ bucketArn }) => bucketArn)];
}

/** In place of the event: one that says what to do. */
function failureText(what: string): events.RuleTargetInput {
  const [table, region, state, job, time] = [
    '$.detail.resourceArn',
    '$.region',
    '$.detail.state',
    '$.detail.backupJobId',
    '$.time',
  ].map((path) => events.EventField.fromPath(path));
  return events.RuleTargetInput.fromText(
    `[high] The backup of ${table} in ${region} is ${state} (job ${job}, ${time}). What to do: read its reason in the console of AWS Backup, mend it (a right, a key that is disabled), then run: npm run cloud -- backup. The ${what} can still be restored${what === 'table' ? ' to any second of its days of recovery' : ': a database to any second of its days of recovery, an object from its versions'}.`,
  );
}
