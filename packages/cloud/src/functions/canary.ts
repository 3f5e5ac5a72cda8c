/**
 * How a new version of the function that answers callers takes over: a tenth of the requests for five minutes, then all of
 * them. CodeDeploy moves the alias, watches the alarms meanwhile, and moves it back when one of them rings; CloudFormation
 * then takes the rest of the deployment back too.
 *
 * The alarms must not know the alias itself: it waits for the deployment group, and the group for its alarms.
 * "CodeDeployLambdaAliasUpdate", AWS CloudFormation: UpdatePolicy attribute.
 */
import {
  aws_cloudwatch as cloudwatch,
  aws_codedeploy as codedeploy,
  aws_iam as iam,
  aws_lambda as lambda,
  Duration,
  Validations,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';

export interface CanaryProps {
  /** Of the function that answers callers. */
  readonly alias: lambda.Alias;
  /** Which take a deployment back as well; of the function's errors. */
  readonly alarms: readonly cloudwatch.IAlarm[];
}

export class Canary extends Construct {
  readonly group: codedeploy.LambdaDeploymentGroup;

  constructor(scope: Construct, id: string, { alias, alarms }: CanaryProps) {
    super(scope, id);
    this.group = new codedeploy.LambdaDeploymentGroup(this, 'Group', {
      alias,
      deploymentConfig: codedeploy.LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES,
      alarms: [this.#failing(alias), ...alarms],
      autoRollback: { failedDeployment: true, stoppedDeployment: true, deploymentInAlarm: true },
      // CDK would add AWS's own policy, which may move every alias of the account.
      role: this.#role(alias).withoutPolicyUpdates(),
    });
  }

  /** Of both versions that the alias leads to: whichever fails, half a deployment is no place to stay. */
  #failing({ lambda: itself, aliasName }: lambda.Alias): cloudwatch.IAlarm {
    return new cloudwatch.Alarm(this, 'Failing', {
      metric: new cloudwatch.Metric({
        namespace: 'AWS/Lambda',
        metricName: 'Errors',
        // "Types of metrics for Lambda functions": of one alias. By its name, which is known before it is made.
        dimensionsMap: {
          FunctionName: itself.functionName,
          Resource: `${itself.functionName}:${aliasName}`,
        },
        statistic: 'Sum',
        period: Duration.minutes(1),
      }),
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      threshold: 1,
      evaluationPeriods: 1,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      alarmDescription:
        'The function that answers callers fails while a new version takes over. What to do: nothing, CodeDeploy goes back to the version before; read why in the log (cloud logs api). No data means fine: it is only sent when there is something to count.',
    });
  }

  /** What "AWSCodeDeployRoleForLambdaLimited" allows on everything, on this function. */
  #role({ lambda: itself, aliasName }: lambda.Alias): iam.Role {
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('codedeploy.amazonaws.com'),
      description: 'Daybook: moves the alias of the function that answers callers from version to version',
    });
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['lambda:GetAlias', 'lambda:GetProvisionedConcurrencyConfig', 'lambda:UpdateAlias'],
        resources: [itself.functionArn, `${itself.functionArn}:${aliasName}`],
      }),
    );
    role.addToPolicy(new iam.PolicyStatement({ actions: ['cloudwatch:DescribeAlarms'], resources: ['*'] }));
    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason:
        'CodeDeploy asks for the states of alarms as it pleases, not by their names; it sees states and nothing else.',
    });
    return role;
  }
}
