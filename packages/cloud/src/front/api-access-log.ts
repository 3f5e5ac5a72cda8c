/**
 * The access log of a REST API: who asked for what, what came of it, and nothing that a credential or a payload is in.
 *
 * API Gateway writes logs with one role for a whole account and region. Where it is missing, creating the stage fails
 * with "CloudWatch Logs role ARN must be set in account settings to enable logging": loudly, and before anything is
 * served. It is set here only when `front.manageApiGatewayAccount` says so, because it is others' too.
 */
import type { aws_kms as kms } from 'aws-cdk-lib';
import {
  Annotations,
  aws_apigateway as apigateway,
  aws_iam as iam,
  aws_logs as logs,
  RemovalPolicy,
  Stack,
  Validations,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';
import { removalPolicyOf } from '../stacks/removal-policy.ts';

export interface ApiAccessLogProps {
  readonly deployment: Deployment;
  /** Its policy must let CloudWatch Logs use it. */
  readonly key?: kms.IKey;
}

const { AccessLogField: field } = apigateway;

const PUSH_POLICY = 'AmazonAPIGatewayPushToCloudWatchLogs';

/** The request's own path, not the resource's: everything is below `{proxy+}`. */
const JSON_FORMAT = JSON.stringify({
  requestId: field.contextRequestId(),
  time: field.contextRequestTime(),
  address: field.contextIdentitySourceIp(),
  subject: field.contextAuthorizer('subject'),
  method: field.contextHttpMethod(),
  path: field.contextPath(),
  protocol: field.contextProtocol(),
  status: field.contextStatus(),
  bytes: field.contextResponseLength(),
  latencyMs: field.contextResponseLatency(),
  integrationStatus: field.contextIntegrationStatus(),
  error: field.contextErrorResponseType(),
});

/** Common Log Format (https://httpd.apache.org/docs/current/logs.html#common); API Gateway wants the id as well. */
const CLF_FORMAT = `${field.contextIdentitySourceIp()} - ${field.contextAuthorizer('subject')} [${field.contextRequestTime()}] "${field.contextHttpMethod()} ${field.contextPath()} ${field.contextProtocol()}" ${field.contextStatus()} ${field.contextResponseLength()} ${field.contextRequestId()}`;

export class ApiAccessLog extends Construct {
  readonly destination: apigateway.IAccessLogDestination;
  readonly format: apigateway.AccessLogFormat;
  /** What the stage must wait for. */
  readonly account?: apigateway.CfnAccount;

  constructor(scope: Construct, id: string, { deployment, key }: ApiAccessLogProps) {
    super(scope, id);
    const group = new logs.LogGroup(this, 'Group', {
      retention: deployment.logs.retentionDays,
      removalPolicy: removalPolicyOf(deployment),
      ...(key && { encryptionKey: key }),
    });
    this.destination = new apigateway.LogGroupLogDestination(group);
    this.format = apigateway.AccessLogFormat.custom(
      deployment.front.accessLogs === 'clf' ? CLF_FORMAT : JSON_FORMAT,
    );
    if (deployment.front.manageApiGatewayAccount) this.account = this.#setAccountRole();
    else {
      Annotations.of(this).addWarningV2(
        'daybook:api-gateway-account-role',
        "The access log needs API Gateway's role for CloudWatch Logs in this account and region. Where there is none yet, set it once (front.manageApiGatewayAccount: true in one deployment), or the stage is refused.",
      );
    }
  }

  #setAccountRole(): apigateway.CfnAccount {
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('apigateway.amazonaws.com'),
      managedPolicies: [iam.ManagedPolicy.fromAwsManagedPolicyName(`service-role/${PUSH_POLICY}`)],
      description: `API Gateway writes logs with it, for every API of this account in ${Stack.of(this).region}`,
    });
    // Other stacks' APIs go on logging with it when this one is gone.
    role.applyRemovalPolicy(RemovalPolicy.RETAIN);
    Validations.of(role).acknowledge({
      id: `AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/${PUSH_POLICY}]`,
      reason:
        "API Gateway's setting is for the whole account and region, so this is the policy that AWS documents for it.",
    });
    const account = new apigateway.CfnAccount(this, 'Account', { cloudWatchRoleArn: role.roleArn });
    account.applyRemovalPolicy(RemovalPolicy.RETAIN);
    return account;
  }
}
