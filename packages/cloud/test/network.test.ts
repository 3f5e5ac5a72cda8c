/**
 * Who reaches whom: functions their endpoints and nothing else, nobody the functions, and the balancer's health checks a
 * path that the application has.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { HEALTH_PATHS } from 'daybook/deployment';

import type { Values } from './support/resources.ts';
import { all, functionsOf } from './support/resources.ts';
import type { Synthesis } from './support/topologies.ts';
import { synthesize } from './support/topologies.ts';

const WITH_NETWORK = ['alb-lambda', 'jwt-gateway'] as const;

const syntheses = new Map<string, Synthesis>();
before(async () => {
  for (const topology of WITH_NETWORK) syntheses.set(topology, await synthesize(topology, 'prd'));
});

function get(topology: (typeof WITH_NETWORK)[number]): Synthesis {
  const found = syntheses.get(topology);
  assert.ok(found);
  return found;
}

describe('the network', () => {
  test('leads functions to the endpoints on 443 and nowhere else', () => {
    for (const topology of WITH_NETWORK) {
      const synthesis = get(topology);
      const [group] = all(synthesis, 'AWS::EC2::SecurityGroup').filter(({ id }) =>
        id.startsWith('DoorsFunctions'),
      );
      const inline = group?.Properties['SecurityGroupEgress'] as readonly Values[];
      assert.equal(inline.length, 2);
      for (const rule of inline) {
        assert.ok(rule['DestinationPrefixListId']);
        assert.equal(rule['CidrIp'], undefined);
      }
      const beside = all(synthesis, 'AWS::EC2::SecurityGroupEgress').filter(({ id }) =>
        id.startsWith('DoorsFunctions'),
      );
      assert.equal(beside.length, topology === 'jwt-gateway' ? 1 : 0);
      for (const rule of [...inline, ...beside.map(({ Properties }) => Properties)]) {
        assert.deepEqual([rule['IpProtocol'], rule['FromPort'], rule['ToPort']], ['tcp', 443, 443]);
      }
    }
  });

  test('has no way to the internet from where functions are', () => {
    for (const topology of WITH_NETWORK) {
      const synthesis = get(topology);
      const out = all(synthesis, 'AWS::EC2::Route').filter(({ id }) => id.includes('Private'));
      assert.deepEqual(out, []);
      assert.deepEqual(all(synthesis, 'AWS::EC2::NatGateway'), []);
      const gateways = all(synthesis, 'AWS::EC2::InternetGateway');
      assert.equal(gateways.length, topology === 'alb-lambda' ? 1 : 0);
    }
  });

  test('lets pass to the table and the buckets of the deployment only', () => {
    const endpoints = all(get('jwt-gateway'), 'AWS::EC2::VPCEndpoint');
    assert.equal(endpoints.length, 3);
    for (const { id, Properties } of endpoints) {
      const { Statement } = Properties['PolicyDocument'] as { readonly Statement: readonly Values[] };
      for (const { Action, Resource } of Statement) {
        assert.doesNotMatch(JSON.stringify(Action), /\*/, id);
        assert.notEqual(Resource, '*', id);
      }
    }
  });

  test('keeps the probe and the authorizer outside, where issuers and front can be reached', () => {
    for (const one of functionsOf(get('jwt-gateway'))) {
      const isOutside = ['Daybook: probe', 'Daybook: authorizer'].includes(
        String(one.Properties['Description']),
      );
      assert.equal(one.Properties['VpcConfig'] === undefined, isOutside, one.id);
    }
  });

  test('has access lists by port, flow logs, and a default group that lets nothing through', () => {
    for (const topology of WITH_NETWORK) {
      const synthesis = get(topology);
      for (const { id, Properties } of all(synthesis, 'AWS::EC2::NetworkAclEntry')) {
        assert.equal(Properties['Protocol'], 6, id);
        assert.ok(Properties['PortRange'], id);
      }
      assert.equal(all(synthesis, 'AWS::EC2::FlowLog').length, 1);
      assert.equal(all(synthesis, 'Custom::VpcRestrictDefaultSG').length, 1);
    }
  });
});

function zonesOf(synthesis: Synthesis): ReadonlySet<string> {
  const subnets = all(synthesis, 'AWS::EC2::Subnet');
  return new Set(subnets.map(({ Properties }) => JSON.stringify(Properties['AvailabilityZone'])));
}

test('a network is in the zones that are named, and by itself in the first ones', async () => {
  const zoneNames = ['eu-west-1b', 'eu-west-1c'];
  const named = await synthesize('alb-lambda', 'poc', { network: { zoneNames } });
  assert.deepEqual(zonesOf(named), new Set(zoneNames.map((name) => JSON.stringify(name))));
  for (const zone of zonesOf(get('alb-lambda'))) assert.match(zone, /Fn::GetAZs/);
});

test('health is asked where the application answers', () => {
  const [targets] = [all(get('alb-lambda'), 'AWS::ElasticLoadBalancingV2::TargetGroup')];
  const checked = targets.filter(({ Properties }) => Properties['HealthCheckEnabled'] === true);
  assert.ok(checked.length > 0);
  for (const { Properties } of checked)
    assert.ok(Object.values(HEALTH_PATHS).includes(Properties['HealthCheckPath'] as '/readyz'));
});
