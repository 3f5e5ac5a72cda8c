/**
 * Events of an Application Load Balancer: "Lambda functions as targets" in its User Guide. With multi-value headers
 * enabled on the target group an event has lists in place of single values, and the answer must too. Parameters come as
 * they were sent, escapes and all.
 */
import type { ALBEvent } from 'aws-lambda';

import { BALANCER } from './aws-fronts.ts';
import type { FrontRequest } from './front-request.ts';
import { eachField, takePeerAddress, toBody, toHeaders } from './front-request.ts';

export function readBalancerEvent(event: ALBEvent): FrontRequest {
  const headers = toHeaders(eachField(event.multiValueHeaders ?? event.headers ?? {}));
  const parameters = eachField(event.multiValueQueryStringParameters ?? event.queryStringParameters ?? {});
  return {
    front: BALANCER,
    method: event.httpMethod,
    basePath: '',
    path: event.path,
    search: [...parameters].map(([name, value]) => (value === '' ? name : `${name}=${value}`)).join('&'),
    peer: {
      // A balancer writes these two itself; a health check of its own has neither.
      address: takePeerAddress(headers),
      protocol: headers.get('x-forwarded-proto') === 'https' ? 'https' : 'http',
    },
    headers,
    body: toBody(event.body, event.isBase64Encoded),
    authorizer: undefined,
  };
}
