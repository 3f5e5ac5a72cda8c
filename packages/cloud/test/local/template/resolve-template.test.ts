/** Intrinsic functions become what CloudFormation makes of them, with names of this machine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { resolveTemplate } from './resolve-template.ts';

const place = { stackName: 'a-stack', account: '000000000000', region: 'eu-west-1' };
const Resources = {
  Fn1: { Type: 'AWS::Lambda::Function', Properties: { Timeout: 29 } },
  Live: { Type: 'AWS::Lambda::Alias', Properties: { FunctionName: { Ref: 'Fn1' }, Name: 'live' } },
  Queue: { Type: 'AWS::SQS::Queue' },
  Files: { Type: 'AWS::S3::Bucket' },
  Never: { Type: 'AWS::SNS::Topic', Condition: 'No' },
};
const stack = resolveTemplate(
  {
    Resources,
    Parameters: { Version: { Default: '21' } },
    Conditions: { Yes: { 'Fn::Equals': ['a', 'a'] }, No: { 'Fn::Not': [{ Condition: 'Yes' }] } },
    Mappings: { Ids: { 'eu-west-1': { elb: '156460612806' } } },
    Outputs: { Name: { Value: { Ref: 'Queue' }, Export: { Name: 'a-stack:Queue' } } },
  },
  place,
  (name) => `imported ${name}`,
);

for (const [given, expected] of [
  [{ Ref: 'AWS::Region' }, 'eu-west-1'],
  [{ Ref: 'Version' }, '21'],
  [{ Ref: 'Fn1' }, 'a-stack-Fn1'],
  [{ 'Fn::GetAtt': ['Fn1', 'Arn'] }, 'arn:aws:lambda:eu-west-1:000000000000:function:a-stack-Fn1'],
  [{ 'Fn::GetAtt': 'Queue.QueueName' }, 'a-stack-Queue'],
  [{ Ref: 'Live' }, 'arn:aws:lambda:eu-west-1:000000000000:function:a-stack-Fn1:live'],
  [{ Ref: 'Files' }, 'a-stack-files'],
  [{ 'Fn::Join': ['', ['dynamodb://', { Ref: 'AWS::Region' }, '/t']] }, 'dynamodb://eu-west-1/t'],
  [{ 'Fn::Sub': 'x-${Fn1}-${Queue.QueueName}-${!Kept}' }, 'x-a-stack-Fn1-a-stack-Queue-${Kept}'],
  [{ 'Fn::Sub': ['${A}/b', { A: { Ref: 'Version' } }] }, '21/b'],
  [{ 'Fn::Select': [1, { 'Fn::Split': [',', 'a,b'] }] }, 'b'],
  [{ 'Fn::If': ['Yes', 'then', 'else'] }, 'then'],
  [{ 'Fn::FindInMap': ['Ids', { Ref: 'AWS::Region' }, 'elb'] }, '156460612806'],
  [{ 'Fn::ImportValue': { 'Fn::Sub': 'net-${AWS::Region}' } }, 'imported net-eu-west-1'],
  [{ a: { 'Fn::If': ['No', 1, { Ref: 'AWS::NoValue' }] }, b: [{ Ref: 'AWS::NoValue' }, 2] }, { b: [2] }],
] as const) {
  test(`${JSON.stringify(given)} is ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(stack.resolve(given), expected);
  });
}

test('resources whose condition does not hold are not there, and exports have their values', () => {
  assert.deepEqual(
    stack.resources().map(({ logicalId }) => logicalId),
    ['Fn1', 'Live', 'Queue', 'Files'],
  );
  assert.equal(
    stack.exported('a-stack:Queue'),
    'https://sqs.eu-west-1.amazonaws.com/000000000000/a-stack-Queue',
  );
  assert.equal(stack.exported('another'), undefined);
});

test('what is not known is an error and no guess', () => {
  for (const given of [{ Ref: 'Nothing' }, { 'Fn::GetAtt': ['Queue', 'Colour'] }, { 'Fn::Transform': {} }])
    assert.throws(() => stack.resolve(given), /expected/);
});
