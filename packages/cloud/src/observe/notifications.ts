/**
 * Two topics, high and low, and whom each tells. Both are encrypted with a key whose policy lets in the services that
 * publish: the key that AWS manages for SNS lets in none of them ("Amazon SNS topics encrypted with the default key",
 * CloudWatch alarms would fail without a word).
 */
import type { aws_kms as kms } from 'aws-cdk-lib';
import {
  Annotations,
  aws_chatbot as chatbot,
  aws_iam as iam,
  aws_kms,
  aws_sns as sns,
  RemovalPolicy,
  Stack,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';
import type { Priority } from './alarm.ts';

export interface NotificationsProps {
  readonly alerts: Deployment['observe']['alerts'];
  /** Default: a key of the topics' own. */
  readonly key?: kms.IKey | undefined;
}

type Address = Deployment['observe']['alerts']['high'][number];

/** Besides CloudWatch: of budgets, and of EventBridge, whose rules tell of failed backups. */
const CLOUDWATCH = 'cloudwatch.amazonaws.com';
const BUDGETS = 'budgets.amazonaws.com';
const EVENTS = 'events.amazonaws.com';

export class Notifications extends Construct {
  readonly high: sns.Topic;
  readonly low: sns.Topic;

  constructor(scope: Construct, id: string, { alerts, key: given }: NotificationsProps) {
    super(scope, id);
    const key =
      given ??
      new aws_kms.Key(this, 'Key', {
        description: 'Daybook: topics of alarms',
        enableKeyRotation: true,
        // It opens nothing that is kept.
        removalPolicy: RemovalPolicy.DESTROY,
      });
    letServicesUse(key);
    this.high = this.#topic('High', alerts.high, key);
    this.low = this.#topic('Low', alerts.low, key);
    if (alerts.high.length === 0)
      Annotations.of(this).addWarningV2(
        'daybook:nobody-is-told',
        'observe.alerts.high: expected an address, because alarms or a budget tell it, given none: nobody is told',
      );
  }

  topicOf(priority: Priority): sns.Topic {
    return this[priority];
  }

  #topic(name: string, addresses: readonly Address[], key: kms.IKey): sns.Topic {
    const { account, partition, stackName } = Stack.of(this);
    const topic = new sns.Topic(this, name, {
      displayName: `${stackName} ${name.toLowerCase()}`,
      masterKey: key,
      enforceSSL: true,
    });
    topic.addToResourcePolicy(
      publishes('Alarms', topic, CLOUDWATCH, {
        StringEquals: { 'aws:SourceAccount': account },
      }),
    );
    // "Creating an Amazon SNS topic for budget notifications", AWS Cost Management User Guide.
    topic.addToResourcePolicy(
      publishes('Budgets', topic, BUDGETS, {
        StringEquals: { 'aws:SourceAccount': account },
        ArnLike: { 'aws:SourceArn': `arn:${partition}:budgets::${account}:*` },
      }),
    );
    for (const [index, address] of addresses.entries())
      this.#subscribe(topic, `${name}${index + 1}`, address);
    return topic;
  }

  /** Of e-mail and webhook whoever has the address confirms; until then SNS sends nothing else there. */
  #subscribe(topic: sns.Topic, id: string, address: Address): Construct {
    if ('slack' in address) return this.#chat(topic, id, address.slack);
    const [protocol, endpoint] =
      'email' in address
        ? ([sns.SubscriptionProtocol.EMAIL, address.email] as const)
        : ([sns.SubscriptionProtocol.HTTPS, address.webhook] as const);
    return new sns.Subscription(this, id, { topic, protocol, endpoint });
  }

  /** The workspace has to be authorised once by hand, in the console of Amazon Q Developer in chat applications. */
  #chat(
    topic: sns.Topic,
    id: string,
    { workspaceId, channelId }: { workspaceId: string; channelId: string },
  ): Construct {
    const { partition, stackName } = Stack.of(this);
    const role = new iam.Role(this, `${id}Role`, {
      assumedBy: new iam.ServicePrincipal('chatbot.amazonaws.com'),
      description: 'Daybook: alarms in chat; may do nothing',
    });
    return new chatbot.CfnSlackChannelConfiguration(this, id, {
      // Has to have a name, unique in the account; that of the stack is, and says the region.
      configurationName: `${stackName}-${id}`,
      slackWorkspaceId: workspaceId,
      slackChannelId: channelId,
      snsTopicArns: [topic.topicArn],
      iamRoleArn: role.roleArn,
      // Without a guardrail whoever writes in the channel could do what an administrator can.
      guardrailPolicies: [`arn:${partition}:iam::aws:policy/AWSDenyAll`],
      userRoleRequired: false,
    });
  }
}

function publishes(
  sid: string,
  topic: sns.Topic,
  service: string,
  conditions: Record<string, Record<string, string>>,
): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid,
    principals: [new iam.ServicePrincipal(service)],
    actions: ['sns:Publish'],
    resources: [topic.topicArn],
    conditions,
  });
}

/** "Enable compatibility between event sources from AWS services and encrypted topics", Amazon SNS Developer Guide. */
function letServicesUse(key: kms.IKey): void {
  const { account } = Stack.of(key);
  const actions = ['kms:Decrypt', 'kms:GenerateDataKey'];
  key.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: 'AlarmsAndBudgets',
      principals: [new iam.ServicePrincipal(CLOUDWATCH), new iam.ServicePrincipal(BUDGETS)],
      actions,
      // A key's policy speaks of that key alone.
      resources: ['*'],
      conditions: { StringEquals: { 'aws:SourceAccount': account } },
    }),
  );
  key.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: 'Rules',
      principals: [new iam.ServicePrincipal(EVENTS)],
      actions,
      resources: ['*'],
      // EventBridge sends no source with its calls of KMS, so that there is nothing to compare.
    }),
  );
}
