/**
 * Every synthesis is looked at by cdk-nag (AwsSolutions) and by CDK's own knowledge of CloudFormation, and ends where they
 * find something. What they are told to leave alone is said where it is, with a reason.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { App, aws_sns as sns, CfnResource, Stack, Validations } from 'aws-cdk-lib';

import { synthesize, TIERS_TOPOLOGY, TOPOLOGIES } from './support/topologies.ts';

/** Long enough to say why. */
const SHORTEST_REASON = 30;

interface Acknowledged {
  readonly path: string;
  readonly isWhole: boolean;
  readonly id: string;
  readonly reason: string;
}

function acknowledgedIn(app: App): Acknowledged[] {
  return app.node.findAll().flatMap((construct) =>
    construct.node.metadata
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) => {
        const rules = data as Readonly<Record<string, unknown>>;
        return Object.entries(rules).map(([id, reason]) => ({
          path: construct.node.path,
          isWhole: App.isApp(construct) || Stack.isStack(construct),
          id,
          reason: typeof reason === 'string' ? reason : JSON.stringify(reason),
        }));
      }),
  );
}

for (const topology of [...TOPOLOGIES, TIERS_TOPOLOGY] as const) {
  test(`${topology}: nothing is found, and each exception says why where it is`, async () => {
    for (const environment of ['poc', 'prd'] as const) {
      const { app } = await synthesize(topology, environment);
      const acknowledged = acknowledgedIn(app);
      assert.ok(acknowledged.length > 0);
      for (const { path, isWhole, id, reason } of acknowledged) {
        assert.ok(!isWhole, `${path}: ${id} is left alone for everything below`);
        assert.ok(reason.length >= SHORTEST_REASON, `${path}: ${id}: ${reason}`);
      }
    }
  });
}

test('what cdk-nag finds ends the synthesis', async () => {
  const withPlainTopic = synthesize('gateway-queue', 'dev', {}, (app) => {
    const stack = app.node.children.find((child) => Stack.isStack(child));
    assert.ok(stack);
    const plain = new sns.Topic(stack, 'Plain');
    assert.ok(plain.topicArn);
  });
  await assert.rejects(withPlainTopic, /Validation failed/);
});

test('a property that CloudFormation does not know ends the synthesis', async () => {
  const withTypo = synthesize('gateway-queue', 'dev', {}, (app) => {
    const stack = app.node.children.find((child) => Stack.isStack(child));
    assert.ok(stack);
    const properties = { AttributeName: 'expires', Recieves: 1 };
    const typo = new CfnResource(stack, 'Typo', { type: 'AWS::SQS::QueueInlinePolicy', properties });
    assert.ok(typo.ref);
  });
  await assert.rejects(withTypo, /Validation failed/);
});
