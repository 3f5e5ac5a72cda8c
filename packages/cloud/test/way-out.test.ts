/**
 * What functions in a network are given on request: a way to the keys of issuers, for the function that verifies tokens and
 * for no other. `tiers/options.test.ts` is the same for servers.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import type { Resource, Values } from './support/resources.ts';
import { all, functionsOf } from './support/resources.ts';
import type { Synthesis } from './support/topologies.ts';
import { synthesize } from './support/topologies.ts';

const ISSUERS = {
  example: {
    issuer: 'https://login.example.com/',
    audience: 'daybook',
    jwks: 'https://login.example.com/keys',
    subjectPrefix: '',
  },
};
/** Everything that is a function beside the api. */
const MORE = { queue: { fanOut: true }, archive: true, observe: { probe: true } };
const WAY_OUT = { network: { egress: 'nat' }, access: { issuers: ISSUERS, cognito: true } };

let closed: Synthesis;
let open: Synthesis;
let behindApi: Synthesis;
before(async () => {
  closed = await synthesize('alb-lambda', 'dev', MORE);
  open = await synthesize('alb-lambda', 'dev', { ...MORE, ...WAY_OUT });
  behindApi = await synthesize('jwt-gateway', 'dev', {
    network: { egress: 'nat' },
    access: { authorizer: 'off', issuers: ISSUERS },
  });
});

const BOTH = (): Synthesis[] => [open, behindApi];
const propertiesOf = (synthesis: Synthesis, type: string): Values[] =>
  all(synthesis, type).map(({ Properties }) => Properties);
const text = (value: unknown): string => JSON.stringify(value);

/** By the handler, the groups of a function; none outside of the network. */
function groupsOf(synthesis: Synthesis): Map<string, string[]> {
  return new Map(
    functionsOf(synthesis).map(({ Properties }) => {
      const { SecurityGroupIds = [] } = (Properties['VpcConfig'] ?? {}) as { SecurityGroupIds?: unknown[] };
      const groups = SecurityGroupIds.map((id) => /Doors(Functions|LetOut)/.exec(text(id))?.[1] ?? text(id));
      return [String(Properties['Description']).replace('Daybook: ', ''), groups];
    }),
  );
}

/** What a group of the doors lets out to addresses, inline or beside it. */
function letsOut(synthesis: Synthesis, group: string): Values[] {
  const of = (type: string): Resource[] =>
    all(synthesis, type).filter(({ id }) => id.startsWith(`Doors${group}`));
  const inline = of('AWS::EC2::SecurityGroup').flatMap(
    ({ Properties }) => (Properties['SecurityGroupEgress'] ?? []) as Values[],
  );
  const beside = of('AWS::EC2::SecurityGroupEgress').map(({ Properties }) => Properties);
  // CDK's way to say nothing: a group without a rule would let everything out.
  return [...inline, ...beside].filter(
    ({ CidrIp }) => CidrIp !== undefined && CidrIp !== '255.255.255.255/32',
  );
}

function subnetsOf(synthesis: Synthesis, group: string): string[] {
  return all(synthesis, 'AWS::EC2::Subnet')
    .map(({ id }) => id)
    .filter((id) => id.includes(`${group}Subnet`));
}

/** Where the default route of each of these subnets leads. */
function defaultRoutesOf(synthesis: Synthesis, group: string): Values[] {
  return all(synthesis, 'AWS::EC2::Route')
    .filter(({ id }) => id.includes(`${group}Subnet`))
    .map(({ Properties }) => Properties);
}

/** What the api may do. */
function apiActionsOf(synthesis: Synthesis): string[] {
  return all(synthesis, 'AWS::IAM::Policy')
    .filter(({ id }) => id.startsWith('FunctionsApiRole'))
    .flatMap(({ Properties }) => (Properties['PolicyDocument'] as { Statement: Values[] }).Statement)
    .flatMap(({ Action }) => Action as string | string[]);
}

describe('a way out of the network of functions', () => {
  test('is the api’s alone: every other function has a group that lets it to the endpoints and nowhere else', () => {
    assert.deepEqual(Object.fromEntries(groupsOf(open)), {
      api: ['Functions', 'LetOut'],
      health: ['Functions'],
      persister: ['Functions'],
      'dead-letters': ['Functions'],
      archive: ['Functions'],
      probe: [],
    });
    for (const synthesis of BOTH()) {
      assert.deepEqual(letsOut(synthesis, 'Functions'), []);
      const [only, ...more] = letsOut(synthesis, 'LetOut');
      assert.deepEqual(
        [only?.['CidrIp'], only?.['IpProtocol'], only?.['FromPort'], only?.['ToPort'], more],
        ['0.0.0.0/0', 'tcp', 443, 443, []],
      );
    }
    for (const groups of groupsOf(closed).values()) assert.ok(!groups.includes('LetOut'));
  });

  test('lets nobody in: its group has no rule for that, and its subnets take answers only', () => {
    for (const synthesis of BOTH()) {
      const group = all(synthesis, 'AWS::EC2::SecurityGroup').find(({ id }) => id.startsWith('DoorsLetOut'));
      assert.equal(group?.Properties['SecurityGroupIngress'], undefined);
      const ingress = text(propertiesOf(synthesis, 'AWS::EC2::SecurityGroupIngress'));
      assert.doesNotMatch(ingress, /"GroupId":[^,]*DoorsLetOut/);
      const entries = all(synthesis, 'AWS::EC2::NetworkAclEntry').filter(({ id }) => id.includes('OutPorts'));
      const rules = entries.map(({ Properties: { Egress, CidrBlock, PortRange } }) => {
        const { From } = PortRange as { readonly From: number };
        return `${Egress === true ? 'out' : 'in'} ${String(CidrBlock)} ${From}`;
      });
      assert.deepEqual(rules.toSorted(), [
        'in 0.0.0.0/0 1024',
        'in 10.0.0.0/16 443',
        'out 0.0.0.0/0 443',
        'out 10.0.0.0/16 1024',
      ]);
    }
  });

  test('has a gateway in each zone, in subnets that nobody else is in', () => {
    for (const synthesis of BOTH()) {
      const gateways = propertiesOf(synthesis, 'AWS::EC2::NatGateway').map(({ SubnetId }) => text(SubnetId));
      assert.deepEqual(
        gateways.toSorted(),
        subnetsOf(synthesis, 'Out')
          .map((id) => text({ Ref: id }))
          .toSorted(),
      );
      assert.equal(gateways.length, 2);
      const routes = defaultRoutesOf(synthesis, 'Private');
      assert.equal(new Set(routes.map(({ NatGatewayId }) => text(NatGatewayId))).size, 2);
      for (const { DestinationCidrBlock } of routes) assert.equal(DestinationCidrBlock, '0.0.0.0/0');
      for (const { GatewayId } of defaultRoutesOf(synthesis, 'Out')) assert.ok(GatewayId);
    }
    const [balancer] = propertiesOf(open, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
    assert.ok(balancer);
    assert.equal((balancer['Subnets'] as readonly unknown[]).length, 2);
    assert.doesNotMatch(text(balancer['Subnets']), /OutSubnet/);
  });

  test('comes to a network that is there, and leaves what is in it in its place', () => {
    for (const type of [
      'AWS::EC2::Subnet',
      'AWS::EC2::InternetGateway',
      'AWS::EC2::VPCGatewayAttachment',
      'AWS::EC2::NetworkAclEntry',
      'AWS::ElasticLoadBalancingV2::LoadBalancer',
    ]) {
      const then = all(closed, type);
      assert.ok(then.length > 0, type);
      for (const { id, Properties } of then)
        assert.deepEqual(all(open, type).find((one) => one.id === id)?.Properties, Properties, id);
    }
  });

  test('comes with no permission more', () => {
    assert.ok(apiActionsOf(closed).length > 0);
    assert.deepEqual(apiActionsOf(open), apiActionsOf(closed));
  });
});

test('the api is told whose tokens to believe, the pool’s among them, and the balancer has no authorizer', () => {
  const issuers = functionsOf(open).map(({ Properties }) => {
    const { Variables } = Properties['Environment'] as { readonly Variables: Values };
    return [String(Properties['Description']), text(Variables['DAYBOOK_ISSUERS'] ?? '')] as const;
  });
  for (const [name, value] of issuers) {
    if (name === 'Daybook: api') assert.match(value, /login\.example\.com.*well-known\/jwks\.json/);
    else assert.equal(value, '""', name);
  }
  const groups = propertiesOf(open, 'AWS::Cognito::UserPoolGroup').map(({ GroupName }) => String(GroupName));
  assert.deepEqual(groups.toSorted(), ['admin', 'audit.read', 'data.read', 'data.write']);
});
