/**
 * Who writes a log in a deployment, and into which group.
 */
import type { DeployedParts } from './deployed-parts.ts';
import { jobsOf, tiersOf } from './services.ts';

/** The description of each function is `Daybook: <handler>`. */
const DESCRIPTION = /^Daybook: ([a-z-]+)$/;

export interface LogWriter {
  /** Of `daybook/src/lambda`, or the name of a tier or a job. */
  readonly handler: string;
  readonly region: string;
  readonly logGroup: string;
}

/** Functions, and tiers by their names: both write a log. */
export function logWritersOf(parts: DeployedParts): LogWriter[] {
  const tiers = tiersOf(parts).map(({ tier, region, logGroup = '' }) => ({
    handler: tier,
    region,
    logGroup,
  }));
  const functions = parts.ofType('AWS::Lambda::Function').flatMap((part) => {
    const { Description = '', LoggingConfig } = (part.template.Properties ?? {}) as {
      readonly Description?: string;
      readonly LoggingConfig?: { readonly LogGroup?: unknown };
    };
    const [, handler] = DESCRIPTION.exec(Description) ?? [];
    if (handler === undefined) return [];
    // "Working with Lambda function logs": the name that Lambda takes unless it is told another.
    const group = parts.referred(part, LoggingConfig?.LogGroup)?.physicalId;
    return [{ handler, region: part.region, logGroup: group ?? `/aws/lambda/${part.physicalId}` }];
  });
  const jobs = jobsOf(parts).map(({ job, region, logGroup = '' }) => ({ handler: job, region, logGroup }));
  return [...tiers, ...jobs, ...functions];
}
