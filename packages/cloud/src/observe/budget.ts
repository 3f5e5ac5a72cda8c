/**
 * What a month may cost: told when 80 % are forecast, and when all of it is spent. It counts what carries the tags of
 * this deployment, once they are switched on as cost allocation tags of the payer's account, which only a person can do.
 */
import type { aws_sns as sns } from 'aws-cdk-lib';
import { aws_budgets as budgets } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';
import { tagsOf } from './resource-group.ts';

const FORECAST_PERCENT = 80;
const ACTUAL_PERCENT = 100;

export function createBudget(
  scope: Construct,
  deployment: Deployment,
  monthlyUsd: number,
  topics: { readonly high: sns.ITopic; readonly low: sns.ITopic },
): budgets.CfnBudget {
  const { deployment: value } = tagsOf(deployment);
  return new budgets.CfnBudget(scope, 'Budget', {
    budget: {
      budgetType: 'COST',
      timeUnit: 'MONTHLY',
      budgetLimit: { amount: monthlyUsd, unit: 'USD' },
      // user:<key>$<value>; of several tags it would count what has any ("BudgetData", AWS CloudFormation).
      costFilters: { TagKeyValue: [`user:deployment$${value}`] },
    },
    notificationsWithSubscribers: [
      told('FORECASTED', FORECAST_PERCENT, topics.low),
      told('ACTUAL', ACTUAL_PERCENT, topics.high),
    ],
  });
}

function told(
  notificationType: 'ACTUAL' | 'FORECASTED',
  threshold: number,
  topic: sns.ITopic,
): budgets.CfnBudget.NotificationWithSubscribersProperty {
  return {
    notification: {
      notificationType,
      threshold,
      thresholdType: 'PERCENTAGE',
      comparisonOperator: 'GREATER_THAN',
    },
    subscribers: [{ subscriptionType: 'SNS', address: topic.topicArn }],
  };
}
