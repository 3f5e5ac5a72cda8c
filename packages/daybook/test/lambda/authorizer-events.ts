/** Events of a REST API as API Gateway sends them: to its authorizer ("Input to an API Gateway Lambda authorizer"). */
import type { APIGatewayRequestAuthorizerEvent } from 'aws-lambda';

export const API_ARN = 'arn:aws:execute-api:eu-west-1:123456789012:abcdef123';

/** @param authorization the values of the field, as many as were sent. */
export function authorizerEvent(
  authorization: readonly string[],
  { method = 'GET', path = '/data', name = 'Authorization' } = {},
): APIGatewayRequestAuthorizerEvent {
  const fields = { Accept: ['*/*'], Host: ['abcdef123.execute-api.eu-west-1.amazonaws.com'] };
  const multiValueHeaders: Record<string, string[]> = { ...fields };
  if (authorization.length > 0) multiValueHeaders[name] = [...authorization];
  const headers = Object.fromEntries(
    Object.entries(multiValueHeaders).map(([field, values]) => [field, values.at(-1)]),
  );
  return {
    type: 'REQUEST',
    methodArn: `${API_ARN}/dev/${method}${path}`,
    resource: '/{proxy+}',
    path,
    httpMethod: method,
    headers,
    multiValueHeaders,
    queryStringParameters: {},
    multiValueQueryStringParameters: {},
    pathParameters: { proxy: path.slice(1) },
    stageVariables: {},
    requestContext: {
      accountId: '123456789012',
      apiId: 'abcdef123',
      authorizer: undefined,
      domainName: 'abcdef123.execute-api.eu-west-1.amazonaws.com',
      domainPrefix: 'abcdef123',
      extendedRequestId: 'KZQWgHxwDoEFXKw=',
      httpMethod: method,
      identity: {
        accessKey: null,
        accountId: null,
        apiKey: null,
        apiKeyId: null,
        caller: null,
        clientCert: null,
        cognitoAuthenticationProvider: null,
        cognitoAuthenticationType: null,
        cognitoIdentityId: null,
        cognitoIdentityPoolId: null,
        principalOrgId: null,
        sourceIp: '203.0.113.7',
        user: null,
        userAgent: 'curl/8.9.1',
        userArn: null,
      },
      path: `/dev${path}`,
      protocol: 'HTTP/1.1',
      requestId: '3fb18f2b-a529-4479-8c5e-10b4cd7cc313',
      requestTime: '21/Nov/2026:07:55:43 +0000',
      requestTimeEpoch: 1_795_247_743_368,
      resourceId: 'a1b2c3',
      resourcePath: '/{proxy+}',
      stage: 'dev',
    },
  };
}
