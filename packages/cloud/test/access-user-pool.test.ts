/**
 * A user pool of one's own as an issuer.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { describe, test } from 'node:test';

import { CfnOutput } from 'aws-cdk-lib';
import { parseConfig } from 'daybook/deployment';
import { issuersVariable } from '../src/access/issuers.ts';
import { UserPool } from '../src/access/user-pool.ts';
import type { CloudConfig, EnvironmentName } from '../src/config/schema.ts';
import { createSmallStack, propertiesOf, synthesizeClean } from './support/small-stack.ts';

const COMPANY = {
  issuer: 'https://login.example.com/',
  audience: 'daybook',
  jwks: 'https://login.example.com/keys',
  subjectPrefix: 'company:',
};

async function userPool(
  t: TestContext,
  access: CloudConfig['access'] = {},
  environment: EnvironmentName = 'dev',
) {
  const small = await createSmallStack(
    t,
    { front: { kind: 'rest-api' }, access: { cognito: true, ...access } },
    { environment },
  );
  return { small, pool: new UserPool(small.stack, 'People', small) };
}

describe('the user pool', () => {
  test('gives nobody an account who has none, and asks for a second factor', async (t) => {
    const { small } = await userPool(t);
    const template = await synthesizeClean(small);
    template.hasResourceProperties('AWS::Cognito::UserPool', {
      AdminCreateUserConfig: { AllowAdminCreateUserOnly: true },
      MfaConfiguration: 'ON',
      EnabledMfas: ['SOFTWARE_TOKEN_MFA'],
    });
    template.hasResourceProperties('AWS::Cognito::UserPoolClient', {
      ExplicitAuthFlows: ['ALLOW_USER_SRP_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
      PreventUserExistenceErrors: 'ENABLED',
      EnableTokenRevocation: true,
    });
  });

  test('has a group for each role that a token can have', async (t) => {
    const { small } = await userPool(t);
    const template = await synthesizeClean(small);
    const groups = propertiesOf(template, 'AWS::Cognito::UserPoolGroup').map((group) => group['GroupName']);
    assert.deepEqual(groups, ['admin', 'data.read', 'data.write', 'audit.read']);
  });

  test('tells what it takes to make accounts and to sign in', async (t) => {
    const { small } = await userPool(t);
    const template = await synthesizeClean(small);
    template.hasOutput('UserPoolId', {});
    template.hasOutput('UserPoolClientId', {});
  });

  test('is kept where data is kept', async (t) => {
    for (const [environment, policy, protection] of [
      ['dev', 'Delete', 'INACTIVE'],
      ['prd', 'Retain', 'ACTIVE'],
    ] as const) {
      const { small } = await userPool(t, {}, environment);
      const template = await synthesizeClean(small);
      template.hasResource('AWS::Cognito::UserPool', {
        DeletionPolicy: policy,
        Properties: { DeletionProtection: protection },
      });
    }
  });
});

/** As Lambda will have it: with the pool's values put in. */
async function deployed(t: TestContext, access: CloudConfig['access']) {
  const { small, pool } = await userPool(t, access);
  const variable = issuersVariable(small.deployment, pool);
  const output = new CfnOutput(small.stack, 'Issuers', { value: variable.DAYBOOK_ISSUERS });
  const template = await synthesizeClean(small);
  const { Value } = template.toJSON()['Outputs'][output.node.id] as {
    readonly Value: { readonly 'Fn::Join': readonly [string, readonly (string | object)[]] };
  };
  return Value['Fn::Join'][1]
    .map((part) => {
      if (typeof part === 'string') return part;
      return 'Ref' in part ? '4abcclient' : 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Pool';
    })
    .join('');
}

describe('the issuers of the handlers', () => {
  test('are those of the configuration and the pool, in the form that Daybook reads', async (t) => {
    const text = await deployed(t, { issuers: { company: COMPANY } });
    const { issuers } = parseConfig({ issuers: JSON.parse(text) as unknown });
    assert.deepEqual(Object.keys(issuers), ['company', 'cognito']);
    const { cognito } = issuers;
    assert.equal(cognito?.issuer, 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Pool');
    assert.equal(cognito.jwks, `${cognito.issuer}/.well-known/jwks.json`);
    assert.equal(cognito.clientId, '4abcclient');
    assert.ok(cognito.roleClaims.includes('cognito:groups'));
  });

  test('that do not go together with the pool stop the synthesis in one line', async (t) => {
    const { subjectPrefix: _, ...alone } = COMPANY;
    const first = await userPool(t, { issuers: { company: alone } });
    assert.throws(() => issuersVariable(first.small.deployment, first.pool), {
      name: 'ConfigError',
      message: /^access\.issuers\.company\.subjectPrefix: expected /,
    });
    const second = await userPool(t, { issuers: { cognito: COMPANY } });
    assert.throws(() => issuersVariable(second.small.deployment, second.pool), {
      name: 'ConfigError',
      message: /^access\.issuers\.cognito: expected another name/,
    });
  });
});
