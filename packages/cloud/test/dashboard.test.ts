import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { KNOWN_METRICS, statisticKind } from '../src/observe/known-metrics.ts';
import type { Synthesised } from './support/small-application.ts';
import { observed } from './support/small-application.ts';

interface Widget {
  readonly type: string;
  readonly width: number;
  readonly properties: {
    readonly markdown?: string;
    readonly title?: string;
    readonly metrics?: readonly (readonly [namespace: string, name: string, ...unknown[]])[];
  };
}

/** The body with every reference as its logical id. */
function widgetsOf(template: Synthesised['template']): Widget[] {
  const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'));
  const parts = dashboard?.['Properties'].DashboardBody['Fn::Join'][1] as unknown[];
  const text = parts.map((part) => (typeof part === 'string' ? part : 'reference')).join('');
  return (JSON.parse(text) as { widgets: Widget[] }).widgets;
}

const gateway = observed({ queue: {}, observe: { alarms: true, probe: true } }).template;
const balancer = observed({ front: { kind: 'alb' } }).template;

describe('the dashboard', () => {
  it('shows the way of an entry from the front to the table and the probe, in this order', () => {
    const headings = widgetsOf(gateway).flatMap(({ properties: { markdown } }) =>
      markdown === undefined ? [] : [markdown.split('\n')[0]],
    );
    assert.deepEqual(headings, [
      '# Daybook acme, prd',
      '## 1 · The front',
      '## 2 · The functions',
      '## 3 · Queue and persister',
      '## 4 · The table',
      '## The probe',
    ]);
  });

  it('leaves out what a deployment does not have', () => {
    const headings = widgetsOf(balancer).flatMap(
      ({ properties: { markdown } }) => markdown?.split('\n')[0] ?? [],
    );
    assert.deepEqual(headings, [
      '# Daybook acme, prd',
      '## 1 · The front',
      '## 2 · The functions',
      '## 3 · The table',
    ]);
    assert.equal(
      widgetsOf(balancer).some(({ type }) => type === 'alarm'),
      false,
    );
  });

  it('shows every alarm at the top', () => {
    assert.equal(widgetsOf(gateway)[1]?.type, 'alarm');
  });

  it('draws nothing but metrics that exist', () => {
    for (const { properties } of [...widgetsOf(gateway), ...widgetsOf(balancer)]) {
      for (const [namespace, name, ...rest] of properties.metrics ?? []) {
        const where = `${properties.title}: ${namespace} ${name}`;
        if (namespace.startsWith('Daybook/')) continue;
        const options = rest.at(-1) as { readonly stat?: string };
        const names = rest.slice(0, -1).filter((_, index) => index % 2 === 0) as string[];
        const known = KNOWN_METRICS[namespace]?.metrics.filter(({ names: some }) => some.includes(name));
        const fits = known?.some(
          ({ dimensions, statistics }) =>
            dimensions.some((set) => set.toSorted().join() === names.toSorted().join()) &&
            statistics.includes(statisticKind(options.stat ?? 'Average')),
        );
        assert.ok(fits, `${where} by ${names.join()} as ${options.stat}`);
      }
    }
  });

  it('fills each row', () => {
    const graphs = widgetsOf(gateway).filter(({ type }) => type === 'metric');
    for (const { width, properties } of graphs) assert.ok(24 % width === 0, properties.title);
  });

  it('can be left out', () => {
    const without = observed({ observe: { dashboard: false } }).template;
    without.resourceCountIs('AWS::CloudWatch::Dashboard', 0);
  });
});

describe('the probe', () => {
  it('is called every minute, and a call that failed is not made again', () => {
    gateway.hasResourceProperties('AWS::Events::Rule', {
      ScheduleExpression: 'rate(1 minute)',
      State: 'ENABLED',
      Targets: [{ RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 } }],
    });
    gateway.hasResourceProperties('AWS::Lambda::Permission', { Principal: 'events.amazonaws.com' });
  });

  it('is called by nobody where there is none', () => {
    balancer.resourceCountIs('AWS::Events::Rule', 0);
  });
});
