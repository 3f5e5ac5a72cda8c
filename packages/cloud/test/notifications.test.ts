import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { windowsOutside } from '../src/observe/working-hours.ts';
import { observed } from './support/small-application.ts';

const alerts = {
  high: [{ email: 'ops@example.com' }, { slack: { workspaceId: 'T0123', channelId: 'C0123' } }],
  low: [{ webhook: 'https://hooks.example.com/daybook' }],
  workingHours: { timeZone: 'Europe/Dublin', from: 9, to: 17 },
};

const { template } = observed({ customerManagedKey: true, observe: { alarms: true, alerts } });
const { template: withoutKey } = observed({ observe: { alarms: true, alerts } });

interface Statement {
  readonly Sid?: string;
  readonly Principal?: { readonly Service?: string | readonly string[] };
  readonly Action: string | readonly string[];
  readonly Condition?: Record<string, Record<string, unknown>>;
}

function statementsOf(resource: Record<string, unknown>, policy: string): Statement[] {
  const { Properties } = resource as { Properties: Record<string, { Statement: Statement[] }> };
  return Properties[policy]?.Statement ?? [];
}

describe('the topics', () => {
  it('are encrypted with the key of the deployment, or with one of their own, and take nothing in the clear', () => {
    template.resourceCountIs('AWS::KMS::Key', 1);
    withoutKey.resourceCountIs('AWS::KMS::Key', 1);
    withoutKey.hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true });
    for (const one of [template, withoutKey]) {
      const topics = Object.values(one.findResources('AWS::SNS::Topic'));
      assert.equal(topics.length, 2);
      for (const { Properties } of topics) assert.ok('Fn::GetAtt' in Properties.KmsMasterKeyId);
      for (const policy of Object.values(one.findResources('AWS::SNS::TopicPolicy'))) {
        const denied = statementsOf(policy, 'PolicyDocument').filter(({ Condition }) => Condition?.['Bool']);
        assert.deepEqual(
          denied.map(({ Condition }) => Condition),
          [{ Bool: { 'aws:SecureTransport': 'false' } }],
        );
      }
    }
  });

  it('can be published to by CloudWatch and by budgets of this account, and their key be used by them', () => {
    for (const policy of Object.values(template.findResources('AWS::SNS::TopicPolicy'))) {
      const statements = statementsOf(policy, 'PolicyDocument');
      for (const service of ['cloudwatch.amazonaws.com', 'budgets.amazonaws.com']) {
        const found = statements.find(({ Principal }) => Principal?.Service === service);
        assert.deepEqual(
          found?.Condition?.['StringEquals'],
          { 'aws:SourceAccount': '123456789012' },
          service,
        );
      }
    }
    for (const one of [template, withoutKey]) {
      const [key] = Object.values(one.findResources('AWS::KMS::Key'));
      const services = statementsOf(key ?? {}, 'KeyPolicy').flatMap(
        ({ Principal }) => Principal?.Service ?? [],
      );
      for (const service of ['cloudwatch.amazonaws.com', 'budgets.amazonaws.com', 'events.amazonaws.com'])
        assert.ok(services.includes(service), service);
    }
  });

  it('tell e-mail, webhook and chat, each what it is for', () => {
    template.resourceCountIs('AWS::SNS::Subscription', 2);
    template.hasResourceProperties('AWS::SNS::Subscription', {
      Protocol: 'email',
      Endpoint: 'ops@example.com',
    });
    template.hasResourceProperties('AWS::SNS::Subscription', {
      Protocol: 'https',
      Endpoint: 'https://hooks.example.com/daybook',
    });
    template.hasResourceProperties('AWS::Chatbot::SlackChannelConfiguration', {
      SlackWorkspaceId: 'T0123',
      SlackChannelId: 'C0123',
    });
  });

  it('give whoever writes in the channel no right to do anything', () => {
    const [chat] = Object.values(template.findResources('AWS::Chatbot::SlackChannelConfiguration'));
    assert.match(JSON.stringify(chat?.['Properties'].GuardrailPolicies), /:iam::aws:policy\/AWSDenyAll/);
    template.resourceCountIs('AWS::IAM::Policy', 0);
  });
});

/** Whether a low alarm is muted at an hour of the week, counted from Monday 0:00; by a clock that is not put back. */
function isMuted(hourOfWeek: number, hours: { from: number; to: number }): boolean {
  const days = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'];
  return windowsOutside(hours).some(({ weekDay, hour, hours: length }) => {
    const [first = '', last = first] = weekDay.split('-');
    for (let day = days.indexOf(first); day <= days.indexOf(last); day += 1) {
      const sinceStart = (hourOfWeek - (day * 24 + hour) + 168) % 168;
      if (sinceStart < length) return true;
    }
    return false;
  });
}

describe('low priority', () => {
  it('is muted outside of working hours and at no hour inside, whatever the hours are', () => {
    for (const [from, to] of [
      [9, 17],
      [0, 24],
      [0, 17],
      [9, 24],
      [23, 24],
    ] as const) {
      for (let hour = 0; hour < 168; hour += 1) {
        const isWorkday = hour < 120;
        const isInside = isWorkday && hour % 24 >= from && hour % 24 < to;
        assert.equal(isMuted(hour, { from, to }), !isInside, `${from} to ${to}, hour ${hour} of the week`);
      }
    }
  });

  it('is not muted on a Monday morning by a window that has the change of clocks in it', () => {
    const early = windowsOutside({ from: 9, to: 17 }).filter(({ weekDay, hour, hours }) => {
      const startsOn = weekDay === 'FRI' ? 4 : 6;
      return !weekDay.includes('-') && startsOn * 24 + hour + hours > 6 * 24 + 24;
    });
    assert.deepEqual(
      early.map(({ weekDay, hour }) => [weekDay, hour]),
      [['SUN', 12]],
    );
  });

  it('is muted by the clock of the time zone, and high priority never', () => {
    const rules = Object.values(template.findResources('AWS::CloudWatch::AlarmMuteRule'));
    assert.equal(rules.length, 3);
    const alarms = Object.entries(template.findResources('AWS::CloudWatch::Alarm'));
    const low = alarms.filter(([, { Properties }]) => Properties.AlarmDescription.startsWith('[low]'));
    for (const { Properties } of rules) {
      assert.equal(Properties.Rule.Schedule.Timezone, 'Europe/Dublin');
      assert.deepEqual(
        Properties.MuteTargets.AlarmNames.map(({ Ref }: { Ref: string }) => Ref).toSorted(),
        low.map(([id]) => id).toSorted(),
      );
    }
    assert.deepEqual(
      rules.map(({ Properties }) => [Properties.Rule.Schedule.Expression, Properties.Rule.Schedule.Duration]),
      [
        ['cron(0 17 * * MON-THU)', 'PT16H'],
        ['cron(0 17 * * FRI)', 'P2DT1H'],
        ['cron(0 12 * * SUN)', 'PT21H'],
      ],
    );
  });
});
