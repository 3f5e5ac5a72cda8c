/**
 * Whatever runs with a role of its own, a function or a task. It may do nothing but what it is allowed by name.
 */
import { aws_iam as iam, Validations } from 'aws-cdk-lib';
import { Construct } from 'constructs';

export abstract class RoleHolder extends Construct {
  protected readonly role: iam.Role;

  constructor(scope: Construct, id: string, role: Pick<iam.RoleProps, 'assumedBy' | 'description'>) {
    super(scope, id);
    this.role = new iam.Role(this, 'Role', role);
  }

  /** @param conditions as in IAM; default none. */
  allow(
    actions: readonly string[],
    resources: readonly string[],
    conditions?: Readonly<Record<string, unknown>>,
  ): void {
    this.role.addToPolicy(
      new iam.PolicyStatement({
        actions: [...actions],
        resources: [...resources],
        ...(conditions && { conditions }),
      }),
    );
  }

  /** Why a wildcard is in what is allowed. @param finding as cdk-nag calls it. */
  because(finding: string, reason: string): void {
    Validations.of(this.role).acknowledge({ id: `AwsSolutions-IAM5[${finding}]`, reason });
  }
}
