/**
 * Stands in for AWS Secrets Manager: the JSON protocol of `GetSecretValue` on a loopback address, with one secret that a
 * test writes.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SecretsManager {
  readonly arn: string;
  readonly endpoint: string;
  /** What is in the secret; undefined: it is not there. */
  secret: string | undefined;
  /** While it is set, every request is refused so. */
  failure: { readonly status: number; readonly name: string } | undefined;
  /** How often the secret was asked for. */
  requests(): number;
  stop(): Promise<void>;
}

const ARN = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-0a1b2c3d-AbCdEf';
const TARGET = 'secretsmanager.GetSecretValue';

/** @param arn of the one secret that it has, in eu-west-1. */
export async function startSecretsManager(arn = ARN): Promise<SecretsManager> {
  let requests = 0;
  const server = createServer((request, response) => void answer(request, response));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    requests += 1;
    const { SecretId } = JSON.parse(Buffer.concat(chunks).toString()) as { SecretId?: string };
    const isKnown = request.headers['x-amz-target'] === TARGET && SecretId === arn;
    const isSigned =
      request.headers.authorization?.includes('/eu-west-1/secretsmanager/aws4_request') === true;
    const { failure, secret } = manager;
    if (!isSigned) return refuse(response, 400, 'IncompleteSignatureException');
    if (failure !== undefined) return refuse(response, failure.status, failure.name);
    if (!isKnown || secret === undefined) return refuse(response, 400, 'ResourceNotFoundException');
    send(response, 200, {
      ARN: arn,
      Name: arn.replace(/^.*:secret:(.*)-\w{6}$/, '$1'),
      SecretString: secret,
      VersionStages: ['AWSCURRENT'],
    });
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const manager: SecretsManager = {
    arn,
    endpoint: `http://127.0.0.1:${port}`,
    secret: undefined,
    failure: undefined,
    requests: () => requests,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return manager;
}

function refuse(response: ServerResponse, status: number, name: string): void {
  send(response, status, { __type: name, Message: `refused with ${name}` });
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
  response.end(JSON.stringify(body));
}
