/**
 * Who may deploy from a pipeline, and what: exact subjects, the bootstrap's roles of exactly these regions, and the stacks of
 * this deployment.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { parseDeployment } from '../src/config/load.ts';
import type { Synthesis } from './support/topologies.ts';
import { resourcesOf, synthesize } from './support/topologies.ts';

const DELIVERY = {
  deploySubjects: ['repo:acme/daybook:environment:prd'],
  planSubjects: ['repo:acme/daybook:pull_request', 'repo:acme/daybook:ref:refs/heads/main'],
};
const ACCOUNT = '123456789012';

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
}

const withDelivery = async (delivery: object): Promise<Synthesis> =>
  synthesize('gateway-queue', 'prd', { delivery });

function rolesOf(synthesis: Synthesis) {
  return resourcesOf(synthesis).filter(
    ({ id, type }) => type === 'AWS::IAM::Role' && /^Roles(?:Deploy|Plan)/.test(id),
  );
}

function statementsOf(synthesis: Synthesis, role: 'Deploy' | 'Plan'): readonly Statement[] {
  const policies = resourcesOf(synthesis).filter(
    ({ id, type }) => type === 'AWS::IAM::Policy' && id.startsWith(`Roles${role}`),
  );
  return policies.flatMap(
    (one) => (one.property('PolicyDocument') as { readonly Statement: Statement[] }).Statement,
  );
}

const file = (subject: string) => ({
  name: 'small',
  account: ACCOUNT,
  front: { kind: 'rest-api' },
  delivery: { deploySubjects: [subject] },
});

describe('trust', () => {
  test('is by the exact subject of a token and by its audience, for an hour', async () => {
    const roles = rolesOf(await withDelivery(DELIVERY));
    const trusted = roles.map((role) => {
      const { Statement: statements } = role.property('AssumeRolePolicyDocument') as {
        readonly Statement: { readonly Action: string; readonly Condition: unknown }[];
      };
      assert.equal(role.property('MaxSessionDuration'), 3600);
      return statements.map(({ Action, Condition }) => ({ Action, Condition }));
    });
    const key = 'token.actions.githubusercontent.com';
    const condition = (sub: string | readonly string[]) => ({
      StringEquals: { [`${key}:aud`]: 'sts.amazonaws.com', [`${key}:sub`]: sub },
    });
    assert.deepEqual(trusted, [
      [{ Action: 'sts:AssumeRoleWithWebIdentity', Condition: condition(DELIVERY.deploySubjects) }],
      [{ Action: 'sts:AssumeRoleWithWebIdentity', Condition: condition(DELIVERY.planSubjects) }],
    ]);
  });

  test('can be in another provider, and in one that the account has already', async () => {
    const gitlab = await withDelivery({
      issuer: 'https://gitlab.com',
      audience: 'https://gitlab.com',
      providerArn: `arn:aws:iam::${ACCOUNT}:oidc-provider/gitlab.com`,
      deploySubjects: ['project_path:acme/daybook:ref_type:branch:ref:main'],
    });
    assert.ok(!resourcesOf(gitlab).some(({ type }) => type.includes('OIDCProvider')));
    const [deploy, ...others] = rolesOf(gitlab);
    assert.deepEqual(others, []);
    const policy = JSON.stringify(deploy?.property('AssumeRolePolicyDocument'));
    assert.match(policy, /"gitlab\.com:sub":\["project_path:acme\/daybook:ref_type:branch:ref:main"\]/);
    assert.match(policy, /oidc-provider\/gitlab\.com/);
  });

  test('is never by a pattern', () => {
    for (const subject of ['repo:acme/daybook:*', 'repo:acme/day?ook:pull_request', ''])
      assert.throws(
        () => parseDeployment(file(subject), 'prd'),
        /delivery\.deploySubjects\.0: expected the exact subject of a token, without a pattern, given/,
      );
    assert.throws(() => parseDeployment({ ...file('x'), delivery: {} }, 'prd'), /delivery\.deploySubjects/);
  });
});

describe('what the pipeline may do', () => {
  test('to deploy: take the roles of the bootstrap in the regions of the deployment, by their whole names', async () => {
    const synthesis = await synthesize('gateway-queue', 'prd', {
      delivery: DELIVERY,
      regions: ['eu-west-1', 'us-west-2'],
    });
    const assume = statementsOf(synthesis, 'Deploy').filter(({ Action }) => Action === 'sts:AssumeRole');
    const expected = ['eu-west-1', 'us-west-2'].flatMap((region) =>
      ['deploy', 'file-publishing', 'image-publishing', 'lookup'].map(
        (role) => `arn:aws:iam::${ACCOUNT}:role/cdk-hnb659fds-${role}-role-${ACCOUNT}-${region}`,
      ),
    );
    assert.deepEqual(assume[0]?.Resource, expected.toSorted());
    assert.equal(assume.length, 1);
  });

  test('to plan: read the stacks of this deployment, and nothing besides', async () => {
    const synthesis = await withDelivery(DELIVERY);
    for (const role of ['Deploy', 'Plan'] as const) {
      const others = statementsOf(synthesis, role).filter(({ Action }) => Action !== 'sts:AssumeRole');
      assert.deepEqual(
        others.map(({ Action, Resource }) => ({ Action, Resource })),
        [
          {
            Action: [
              'cloudformation:DescribeStacks',
              'cloudformation:GetTemplate',
              'cloudformation:ListStackResources',
            ],
            Resource: ['CDKToolkit', 'daybook-queue-prd-*'].map(
              (stack) => `arn:aws:cloudformation:eu-west-1:${ACCOUNT}:stack/${stack}/*`,
            ),
          },
        ],
      );
    }
    assert.ok(!statementsOf(synthesis, 'Plan').some(({ Action }) => Action === 'sts:AssumeRole'));
  });

  test('is nothing at all without the key', async () => {
    const { templates } = await synthesize('gateway-queue', 'prd');
    assert.ok(![...templates.keys()].some((name) => name.endsWith('-delivery')));
  });
});
