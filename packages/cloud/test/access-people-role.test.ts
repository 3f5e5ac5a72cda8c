/**
 * What people may see of a deployment.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { describe, test } from 'node:test';

import { aws_dynamodb as dynamodb, aws_sqs as sqs } from 'aws-cdk-lib';
import type { Template } from 'aws-cdk-lib/assertions';
import { PeopleRole } from '../src/access/people-role.ts';
import { createSmallStack, propertiesOf, synthesizeClean } from './support/small-stack.ts';

async function peopleRole(t: TestContext, people: readonly string[]): Promise<Template> {
  const small = await createSmallStack(t, { front: { kind: 'rest-api' } });
  const { stack, functions } = small;
  const queue = (name: string) =>
    sqs.Queue.fromQueueArn(stack, name, `arn:aws:sqs:eu-west-1:111122223333:${name}`);
  const role = new PeopleRole(stack, 'People', {
    people,
    parts: {
      table: dynamodb.Table.fromTableName(stack, 'Table', 'entries'),
      queues: { main: queue('main'), crashed: queue('crashed') },
      functions,
    },
  });
  assert.ok(role.role.roleArn);
  return synthesizeClean(small);
}

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource?: unknown;
  readonly Principal?: unknown;
  readonly Condition?: unknown;
}

function statements(template: Template, type: string, property: string): readonly Statement[] {
  return propertiesOf(template, type)
    .filter((properties) => !JSON.stringify(properties).includes('lambda.amazonaws.com'))
    .flatMap(
      (properties) => (properties[property] as { readonly Statement: readonly Statement[] }).Statement,
    );
}

describe('the role of people', () => {
  test('is taken only with a second factor, by those who are named, for four hours at most', async (t) => {
    const user = 'arn:aws:iam::444455556666:user/ada';
    const template = await peopleRole(t, ['111122223333', user]);
    template.hasResourceProperties('AWS::IAM::Role', { MaxSessionDuration: 14_400 });
    const trusted = statements(template, 'AWS::IAM::Role', 'AssumeRolePolicyDocument');
    assert.ok(trusted.length > 0);
    for (const { Action, Condition } of trusted) {
      assert.equal(Action, 'sts:AssumeRole');
      assert.deepEqual(Condition, { Bool: { 'aws:MultiFactorAuthPresent': 'true' } });
    }
    assert.match(JSON.stringify(trusted), /111122223333:root.*user\/ada/);
  });

  test('changes nothing, and reads nothing that a caller has written', async (t) => {
    const template = await peopleRole(t, ['111122223333']);
    const allowed = statements(template, 'AWS::IAM::Policy', 'PolicyDocument');
    const actions = allowed.flatMap(({ Action }) => Action);
    for (const action of actions) {
      assert.match(
        action,
        /^[a-z0-9]+:(?:Describe|Get|List|BatchGetTraces|FilterLogEvents|StartQuery)/,
        action,
      );
      assert.doesNotMatch(
        action,
        /\*|GetItem|:Query$|:Scan|ReceiveMessage|GetObject|GetSecret|GetParameter/,
        action,
      );
    }
    assert.ok(actions.includes('cloudwatch:DescribeAlarms'));
    const everywhere = allowed.filter(({ Resource }) => JSON.stringify(Resource) === '"*"');
    assert.equal(everywhere.length, 1, 'one statement for what IAM knows no narrower resource for');
    for (const action of everywhere.flatMap(({ Action }) => Action))
      assert.match(action, /^(?:cloudwatch|xray|logs):/, action);
  });
});
