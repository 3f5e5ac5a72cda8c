/**
 * What three tiers are given on request: a way to the keys of issuers, for the tier `api` and nobody else, and a topic before
 * their queue; and who reads the queue behind.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { parseConfig, SNS_ASK_ACTIONS, SNS_SEND_ACTIONS, SQS_SEND_ACTIONS } from 'daybook/deployment';

import { parseDeployment } from '../../src/config/load.ts';
import { merge } from '../../src/config/merge.ts';
import type { TierName } from '../../src/config/service-schema.ts';
import type { Resource, Values } from '../support/resources.ts';
import { all } from '../support/resources.ts';
import type { Synthesis } from '../support/topologies.ts';
import { exampleOf } from '../support/topologies.ts';
import { configOf, taskOf, threeTier, variablesOf } from './synthesis.ts';

const JWKS = 'https://login.example.com/keys';
const ISSUERS = {
  example: { issuer: 'https://login.example.com/', audience: 'daybook', jwks: JWKS },
};
const WITH_ISSUERS = { network: { egress: 'nat' }, access: { issuers: ISSUERS }, queue: { fanOut: true } };
const WITH_POOL = { network: { egress: 'nat' }, access: { cognito: true }, queue: { fanOut: true } };

/** Logical ids of subnets by the group that their name begins with. */
function subnetsOf(synthesis: Synthesis, group: string): Resource[] {
  return all(synthesis, 'AWS::EC2::Subnet').filter(({ id }) => id.includes(`${group}Subnet`));
}

function refOf(value: unknown): string {
  return (value as { readonly Ref: string }).Ref;
}

/** Where the default route of a subnet leads, by the ids of its associations. */
function defaultRoutesOf(synthesis: Synthesis, group: string): Values[] {
  const subnets = new Set(subnetsOf(synthesis, group).map(({ id }) => id));
  const tables = new Set(
    all(synthesis, 'AWS::EC2::SubnetRouteTableAssociation')
      .filter(({ Properties }) => subnets.has(refOf(Properties['SubnetId'])))
      .map(({ Properties }) => refOf(Properties['RouteTableId'])),
  );
  return all(synthesis, 'AWS::EC2::Route')
    .map(({ Properties }) => Properties)
    .filter((route) => tables.has(refOf(route['RouteTableId'])));
}

/** Everything that a group lets out to addresses, inline or beside it. */
function letsOut(synthesis: Synthesis, tier: string): Values[] {
  const beside = all(synthesis, 'AWS::EC2::SecurityGroupEgress').map(({ id, Properties }) => ({
    id,
    rules: [Properties],
  }));
  const inline = all(synthesis, 'AWS::EC2::SecurityGroup').map(({ id, Properties }) => ({
    id,
    rules: (Properties['SecurityGroupEgress'] ?? []) as Values[],
  }));
  return [...inline, ...beside]
    .filter(({ id }) => id.startsWith(`Place${tier}Group`))
    .flatMap(({ rules }) => rules.filter((rule) => rule['CidrIp'] !== undefined));
}

describe('a way out', () => {
  test('is there only where it is asked for', async () => {
    const synthesis = await threeTier('dev');
    assert.deepEqual(all(synthesis, 'AWS::EC2::NatGateway'), []);
    assert.deepEqual(all(synthesis, 'AWS::EC2::Route'), []);
    for (const tier of ['web', 'api', 'persister']) assert.deepEqual(letsOut(synthesis, tier), [], tier);
  });

  test('is in each zone by itself, through the gateway that is there already', async () => {
    const synthesis = await threeTier('dev', WITH_ISSUERS);
    const nats = all(synthesis, 'AWS::EC2::NatGateway');
    assert.equal(nats.length, 2);
    assert.equal(new Set(nats.map(({ Properties }) => refOf(Properties['SubnetId']))).size, 2);
    const gateways = all(synthesis, 'AWS::EC2::InternetGateway');
    assert.equal(gateways.length, 1);
    for (const route of defaultRoutesOf(synthesis, 'Out')) {
      assert.match(JSON.stringify(route['GatewayId']), new RegExp(`"${gateways[0]?.id}`));
    }
    const routes = defaultRoutesOf(synthesis, 'Services');
    assert.deepEqual(
      routes
        .map((route) => `${String(route['DestinationCidrBlock'])} ${refOf(route['NatGatewayId'])}`)
        .toSorted(),
      nats.map(({ id }) => `0.0.0.0/0 ${id}`).toSorted(),
    );
    for (const group of ['Front', 'Data']) assert.deepEqual(defaultRoutesOf(synthesis, group), [], group);
  });

  test('is for the tier api alone, on 443', async () => {
    const synthesis = await threeTier('dev', WITH_ISSUERS);
    const [only, ...more] = letsOut(synthesis, 'api');
    assert.deepEqual(
      [only?.['CidrIp'], only?.['IpProtocol'], only?.['FromPort'], only?.['ToPort'], more],
      ['0.0.0.0/0', 'tcp', 443, 443, []],
    );
    for (const tier of ['web', 'persister']) assert.deepEqual(letsOut(synthesis, tier), [], tier);
  });

  test('lets in what answers, and nothing from outside that begins', async () => {
    const synthesis = await threeTier('dev', WITH_ISSUERS);
    const entries = all(synthesis, 'AWS::EC2::NetworkAclEntry').filter(({ id }) => id.includes('OutPorts'));
    const shown = entries.map(({ Properties: { Egress, CidrBlock, PortRange } }) => {
      const { From } = PortRange as { readonly From: number };
      return `${Egress === true ? 'out' : 'in'} ${String(CidrBlock)} ${From}`;
    });
    assert.deepEqual(shown.toSorted(), [
      'in 0.0.0.0/0 1024',
      'in 10.0.0.0/16 443',
      'out 0.0.0.0/0 443',
      'out 10.0.0.0/16 1024',
    ]);
  });

  test('comes to a network that is there, and leaves the others in their places', async () => {
    const [before, after] = await Promise.all([threeTier('dev'), threeTier('dev', WITH_ISSUERS)]);
    for (const type of ['AWS::EC2::Subnet', 'AWS::EC2::InternetGateway', 'AWS::EC2::VPCGatewayAttachment']) {
      for (const { id, Properties } of all(before, type)) {
        const same = all(after, type).find((one) => one.id === id);
        assert.deepEqual(same?.Properties, Properties, id);
      }
    }
  });
});

describe('issuers', () => {
  test('are told to the api, which Daybook’s own parser takes, and to nobody else', async () => {
    const synthesis = await threeTier('dev', WITH_ISSUERS);
    assert.equal(parseConfig(configOf(taskOf(synthesis, 'api'))).issuers['example']?.jwks, JWKS);
    for (const tier of ['web', 'persister'] as const)
      assert.deepEqual(configOf(taskOf(synthesis, tier))['issuers'], {}, tier);
  });

  test('may be a user pool, with a group for each role of the registers that take tokens', async () => {
    const synthesis = await threeTier('prd', WITH_POOL);
    const { DAYBOOK_ISSUERS: told } = variablesOf(taskOf(synthesis, 'api'));
    assert.match(JSON.stringify(told), /well-known\/jwks\.json/);
    for (const tier of ['web', 'persister'] as const)
      assert.equal(variablesOf(taskOf(synthesis, tier))['DAYBOOK_ISSUERS'], undefined, tier);
    const groups = all(synthesis, 'AWS::Cognito::UserPoolGroup').map(({ Properties }) =>
      String(Properties['GroupName']),
    );
    assert.deepEqual(groups.toSorted(), ['admin', 'audit.read', 'data.read', 'data.write']);
  });

  const faults: readonly (readonly [change: object, line: RegExp])[] = [
    [
      { access: { issuers: ISSUERS } },
      /^network\.egress: expected "nat", because the keys of access\.issuers\.example are on the internet, and the tier api has no other way there, given "none"$/,
    ],
    [
      { access: { cognito: true } },
      /^network\.egress: expected "nat", because the keys of access\.cognito are on the internet/,
    ],
    [
      merge(WITH_ISSUERS, {
        access: { issuers: { example: { jwks: 'https://login.example.com:8443/keys' } } },
      }),
      /^access\.issuers\.example\.jwks: expected an https URL on port 443, because the tier api is let out to no other/,
    ],
    [
      merge(WITH_ISSUERS, { access: { issuers: { example: { jwks: './keys.json' } } } }),
      /^access\.issuers\.example\.jwks: expected an https URL, because no file of keys is deployed/,
    ],
  ];
  for (const [change, line] of faults) {
    test(`are refused where their keys cannot be reached: ${line.source.slice(1, 70)}`, async () => {
      const given = merge(await exampleOf('three-tier'), change as Record<string, unknown>);
      assert.throws(() => parseDeployment(given, 'dev'), { message: line });
    });
  }
});

function queueOf(synthesis: Synthesis, tier: TierName): string {
  return JSON.stringify(variablesOf(taskOf(synthesis, tier))['DAYBOOK_QUEUE']);
}

/** What the tier's role allows of a service, by the beginning of the logical id that it names. */
function allowed(synthesis: Synthesis, tier: string, on: string): string[] {
  return all(synthesis, 'AWS::IAM::Policy')
    .filter(({ id }) => id.startsWith(`Tiers${tier}Role`))
    .flatMap(
      ({ Properties }) =>
        (Properties['PolicyDocument'] as { readonly Statement: readonly Values[] }).Statement,
    )
    .filter(({ Resource }) => JSON.stringify(Resource).includes(`"${on}`))
    .flatMap(({ Action }) => Action as string | string[]);
}

describe('queues', () => {
  let plain: Synthesis;
  let fanned: Synthesis;
  before(async () => {
    plain = await threeTier('dev');
    fanned = await threeTier('dev', WITH_ISSUERS);
  });

  test('a topic stands before the queue where it is asked for, and feeds it whole messages', () => {
    assert.doesNotMatch(queueOf(plain, 'api'), /topic/);
    assert.match(queueOf(fanned, 'api'), /\?topic=.*QueueTopic.*&topicMaxBytes=1048576/);
    assert.deepEqual(all(plain, 'AWS::SNS::Subscription'), []);
    const [subscription, ...more] = all(fanned, 'AWS::SNS::Subscription');
    assert.deepEqual(more, []);
    assert.equal(subscription?.Properties['RawMessageDelivery'], true);
    assert.match(JSON.stringify(subscription.Properties['RedrivePolicy']), /QueueCrashed/);
  });

  test('the api publishes then, and may send to the queue no more', () => {
    assert.deepEqual(allowed(fanned, 'Api', 'QueueTopic').toSorted(), [
      ...SNS_ASK_ACTIONS,
      ...SNS_SEND_ACTIONS,
    ]);
    for (const action of SQS_SEND_ACTIONS) {
      assert.ok(allowed(plain, 'Api', 'QueueMain').includes(action));
      assert.ok(!allowed(fanned, 'Api', 'QueueMain').includes(action));
      assert.ok(
        allowed(fanned, 'Persister', 'QueueMain').includes(action),
        'what failed alone goes back alone',
      );
    }
    const doors = all(fanned, 'AWS::EC2::VPCEndpoint').filter(({ id }) => id.startsWith('DoorsSns'));
    assert.equal(doors.length, 1);
  });

  test('the persister reads what ended it again and again, and nobody else does', () => {
    assert.match(queueOf(plain, 'persister'), /\?crashed=.*QueueCrashed/);
    assert.doesNotMatch(queueOf(fanned, 'persister'), /topic/, 'what is sent back goes to the queue alone');
    assert.doesNotMatch(queueOf(plain, 'api'), /crashed/);
    const [behind] = all(plain, 'AWS::SQS::Queue').filter(({ id }) => id.startsWith('QueueCrashed'));
    assert.equal(behind?.Properties['VisibilityTimeout'], 360);
    assert.equal(behind.Properties['RedrivePolicy'], undefined);
  });
});
