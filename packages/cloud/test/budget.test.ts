import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { tagsOf } from '../src/observe/resource-group.ts';
import { observed } from './support/small-application.ts';

const { template } = observed({ budget: { monthlyUsd: 120 } });

describe('the budget', () => {
  it('counts what carries the tag of the deployment, by the month', () => {
    template.hasResourceProperties('AWS::Budgets::Budget', {
      Budget: {
        BudgetType: 'COST',
        TimeUnit: 'MONTHLY',
        BudgetLimit: { Amount: 120, Unit: 'USD' },
        CostFilters: { TagKeyValue: ['user:deployment$acme-prd'] },
      },
    });
  });

  it('tells the low topic at 80 % forecast and the high topic when it is spent, also where there are no alarms', () => {
    const [budget] = Object.values(template.findResources('AWS::Budgets::Budget'));
    const told = budget?.['Properties'].NotificationsWithSubscribers.map(
      ({ Notification, Subscribers }: { Notification: Record<string, unknown>; Subscribers: unknown }) => [
        Notification['NotificationType'],
        Notification['Threshold'],
        JSON.stringify(Subscribers).replace(/[0-9A-F]{8}/, ''),
      ],
    );
    assert.deepEqual(told, [
      ['FORECASTED', 80, '[{"Address":{"Ref":"ObserveNotificationsLow"},"SubscriptionType":"SNS"}]'],
      ['ACTUAL', 100, '[{"Address":{"Ref":"ObserveNotificationsHigh"},"SubscriptionType":"SNS"}]'],
    ]);
    template.resourceCountIs('AWS::CloudWatch::Alarm', 0);
  });

  it('is none unless it is configured', () => {
    observed({}).template.resourceCountIs('AWS::Budgets::Budget', 0);
  });
});

describe('the resource group', () => {
  it('holds everything with the tag of the deployment', () => {
    template.hasResourceProperties('AWS::ResourceGroups::Group', {
      ResourceQuery: {
        Type: 'TAG_FILTERS_1_0',
        Query: { TagFilters: [{ Key: 'deployment', Values: ['acme-prd'] }] },
      },
    });
    assert.deepEqual(tagsOf({ name: 'acme', environment: 'prd' }), {
      project: 'acme',
      environment: 'prd',
      deployment: 'acme-prd',
    });
  });
});
