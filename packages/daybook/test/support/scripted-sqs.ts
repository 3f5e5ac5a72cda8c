/**
 * A server that speaks the JSON protocol of SQS and answers what a test tells it to: for the failures that an emulator
 * does not have.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

export interface SqsCall {
  /** `SendMessage`. */
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** `hang`: the request is taken and never answered; `cut`: the connection is broken after the request. */
export type SqsAnswer =
  | { readonly output: object }
  | { readonly status: number; readonly error: string }
  | 'hang'
  | 'cut';

export interface ScriptedSqs {
  readonly endpoint: string;
  readonly queueUrl: string;
  readonly calls: readonly SqsCall[];
  close(): Promise<void>;
}

/** Of a queue as it is made by default, but for its retention. */
const ATTRIBUTES = {
  MaximumMessageSize: '1048576',
  MessageRetentionPeriod: '1209600',
  VisibilityTimeout: '30',
};

/** @param answer undefined: as a queue that is well and empty. */
export async function startScriptedSqs(
  answer: (call: SqsCall) => SqsAnswer | undefined,
  attributes: Readonly<Record<string, string>> = {},
): Promise<ScriptedSqs> {
  const calls: SqsCall[] = [];
  const server = createServer((request, response) => {
    const reply = async (): Promise<void> => {
      const [, action = ''] = String(request.headers['x-amz-target']).split('.');
      const call = { action, input: (await json(request)) as Record<string, unknown> };
      calls.push(call);
      const given = answer(call) ?? { output: wellBehaved(call, attributes) };
      if (given === 'cut') request.socket.destroy();
      if (typeof given === 'string') return;
      response.writeHead('status' in given ? given.status : 200, {
        'content-type': 'application/x-amz-json-1.0',
      });
      response.end(
        JSON.stringify('output' in given ? given.output : { __type: `com.amazonaws.sqs#${given.error}` }),
      );
    };
    // What a caller has cut off needs no answer.
    reply().catch(() => request.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    endpoint,
    queueUrl: `${endpoint}/000000000000/scripted`,
    calls,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function wellBehaved({ action, input }: SqsCall, attributes: object): object {
  if (action === 'GetQueueAttributes') return { Attributes: { ...ATTRIBUTES, ...attributes } };
  const entries = (input['Entries'] ?? []) as readonly { Id: string }[];
  return { MessageId: 'm', Successful: entries.map(({ Id }) => ({ Id })), Failed: [] };
}
