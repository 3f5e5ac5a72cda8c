/**
 * AWS WAF in front of either front.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { describe, test } from 'node:test';

import { createFront } from '../src/front/front.ts';
import type { CloudConfig } from '../src/config/schema.ts';
import { createSmallStack, propertiesOf, synthesizeClean } from './support/small-stack.ts';

interface Rule {
  readonly Name: string;
  readonly Priority: number;
  readonly Action?: { readonly Block: { readonly CustomResponse: Record<string, unknown> } };
  readonly OverrideAction?: { readonly None: object };
  readonly Statement: {
    readonly RateBasedStatement?: Record<string, unknown>;
    readonly ManagedRuleGroupStatement?: {
      readonly VendorName: string;
      readonly RuleActionOverrides?: readonly { readonly Name: string; readonly ActionToUse: object }[];
    };
  };
}

async function firewall(t: TestContext, front: NonNullable<CloudConfig['front']>) {
  const small = await createSmallStack(t, { front, ...(front.kind === 'alb' && { network: {} }) });
  createFront(small.stack, small);
  const template = await synthesizeClean(small);
  const [acl] = propertiesOf(template, 'AWS::WAFv2::WebACL');
  const [association] = propertiesOf(template, 'AWS::WAFv2::WebACLAssociation');
  return { acl, rules: (acl?.['Rules'] ?? []) as readonly Rule[], association };
}

const waf = { perAddressPer5Minutes: 1234 };

describe('the firewall', () => {
  test('is there only where it is asked for', async (t) => {
    const { acl, association } = await firewall(t, { kind: 'rest-api' });
    assert.equal(acl, undefined);
    assert.equal(association, undefined);
  });

  test('stands before the stage of an API, or before a balancer', async (t) => {
    const api = await firewall(t, { kind: 'rest-api', waf });
    assert.match(JSON.stringify(api.association?.['ResourceArn']), /\/restapis\/.*\/stages\//);
    const balancer = await firewall(t, { kind: 'alb', waf });
    assert.match(JSON.stringify(balancer.association?.['ResourceArn']), /"Ref":"FrontBalancer/);
    assert.equal(balancer.acl?.['Scope'], 'REGIONAL');
  });

  test('counts each address first, and answers too many in the words of Daybook', async (t) => {
    const { rules, acl } = await firewall(t, { kind: 'rest-api', waf });
    const [first] = rules.toSorted((a, b) => a.Priority - b.Priority);
    assert.deepEqual(first?.Statement.RateBasedStatement, {
      AggregateKeyType: 'IP',
      EvaluationWindowSec: 300,
      Limit: 1234,
    });
    const { ResponseCode, ResponseHeaders, CustomResponseBodyKey } =
      first?.Action?.Block.CustomResponse ?? {};
    assert.equal(ResponseCode, 429);
    assert.deepEqual(ResponseHeaders, [{ Name: 'Retry-After', Value: '300' }]);
    const bodies = acl?.['CustomResponseBodies'] as Record<string, { Content: string; ContentType: string }>;
    const body = bodies[String(CustomResponseBodyKey)];
    assert.equal(body?.ContentType, 'APPLICATION_JSON');
    const problem = JSON.parse(body.Content) as Record<string, unknown>;
    assert.equal(problem['code'], 'RATE_LIMITED');
    assert.equal(problem['status'], 429);
    assert.equal(problem['outcome'], 'not-written');
  });

  test("has AWS's own rules, and lets what is in a body pass: it is kept, never acted on", async (t) => {
    const { rules } = await firewall(t, { kind: 'alb', waf });
    const managed = rules.filter(({ Statement }) => Statement.ManagedRuleGroupStatement !== undefined);
    assert.deepEqual(managed.map(({ Name }) => Name).toSorted(), [
      'AWSManagedRulesAmazonIpReputationList',
      'AWSManagedRulesCommonRuleSet',
      'AWSManagedRulesKnownBadInputsRuleSet',
    ]);
    for (const { OverrideAction } of managed) assert.deepEqual(OverrideAction, { None: {} });
    const core = managed.find(({ Name }) => Name === 'AWSManagedRulesCommonRuleSet');
    const overrides = core?.Statement.ManagedRuleGroupStatement?.RuleActionOverrides ?? [];
    assert.ok(overrides.some(({ Name }) => Name === 'SizeRestrictions_BODY'));
    for (const { Name, ActionToUse } of overrides) assert.deepEqual(ActionToUse, { Count: {} }, Name);
  });

  test('is watched rule by rule', async (t) => {
    const { rules } = await firewall(t, { kind: 'rest-api', waf });
    for (const rule of rules as readonly (Rule & { readonly VisibilityConfig: Record<string, unknown> })[]) {
      assert.equal(rule.VisibilityConfig['CloudWatchMetricsEnabled'], true);
      assert.equal(rule.VisibilityConfig['MetricName'], rule.Name);
    }
  });
});
