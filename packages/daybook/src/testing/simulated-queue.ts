/**
 * A complete model of a queue in memory: visibility, delays, expiry, deliveries that come twice or out of order. Its
 * messages outlive whoever receives them. What can go wrong on the way to it is added around it (`simulated-wire.ts`).
 */
import type { Delivery, OutgoingMessage, Queue, QueueCapabilities, ReceiveOptions } from '../queue/queue.ts';
import { QueueError } from '../queue/queue.ts';
import type { SimulatedTime } from './simulated-time.ts';

export interface SimulatedQueueOptions {
  readonly time: Pick<SimulatedTime, 'nowMs' | 'nowMicros' | 'sleep'>;
  readonly random: () => number;
  /** Those of SQS where nothing else is said. */
  readonly capabilities?: Partial<QueueCapabilities>;
  readonly manners?: Partial<QueueManners>;
}

export interface QueueManners {
  /** How many deliveries of 1 leave the message where it was, so that it is delivered a second time. */
  duplicates: number;
  /** Messages are given in any order, not in that of their sending. */
  reorders: boolean;
}

export interface SimulatedQueue extends Queue {
  readonly manners: QueueManners;
  /** Not acknowledged yet. */
  readonly length: number;
  /** The process that it belongs to began anew: it is open, and what was delivered before comes again. */
  reopen(): void;
}

interface Message extends OutgoingMessage {
  readonly number: number;
  readonly sentAtMs: number;
  readonly sentAt: number;
  visibleAtMs: number;
  /** Counts deliveries: only the newest may be acknowledged. */
  receipt: number;
}

interface Handle {
  readonly number: number;
  readonly receipt: number;
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html; visibility and retention by default. */
const SQS: QueueCapabilities = {
  driver: 'simulated',
  durability: 'memory',
  durabilityProof: 'it is a model',
  maxMessageBytes: 1024 * 1024,
  retentionMs: 4 * 24 * 3_600_000,
  visibilityMs: 30_000,
  maxDelayMs: 900_000,
  settled: false,
  local: false,
  depth: 'exact',
};
const MAX_MESSAGES_PER_CALL = 10;
/** A reason of one's own costs no DOMException. */
const RUNG = 'rung';

export function createSimulatedQueue(options: SimulatedQueueOptions): SimulatedQueue {
  const { time, random } = options;
  const capabilities = { ...SQS, ...options.capabilities };
  const manners: QueueManners = { duplicates: 0, reorders: false, ...options.manners };
  const messages = new Map<number, Message>();
  let sent = 0;
  let closed = false;
  let bell = new AbortController();

  function ring(): void {
    bell.abort(RUNG);
    bell = new AbortController();
  }

  function assertOpen(): void {
    if (closed) throw new QueueError('unavailable', 'not-written', 'the queue is closed');
  }

  function expire(): void {
    if (capabilities.retentionMs === undefined) return;
    const before = time.nowMs() - capabilities.retentionMs;
    for (const { number, sentAtMs } of messages.values()) if (sentAtMs < before) messages.delete(number);
  }

  function visible(maxMessages: number): Message[] {
    const now = time.nowMs();
    const found: Message[] = [];
    for (const message of messages.values()) {
      if (message.visibleAtMs <= now) found.push(message);
      if (found.length === maxMessages && !manners.reorders) break;
    }
    if (!manners.reorders) return found;
    return found
      .map((message) => ({ message, by: random() }))
      .toSorted((a, b) => a.by - b.by)
      .slice(0, maxMessages)
      .map(({ message }) => message);
  }

  function take({ maxMessages, maxBytes }: ReceiveOptions): Delivery[] {
    const deliveries: Delivery[] = [];
    let bytes = 0;
    for (const message of visible(Math.min(maxMessages, MAX_MESSAGES_PER_CALL))) {
      bytes += message.body.byteLength;
      if (deliveries.length > 0 && bytes > maxBytes) break;
      message.receipt += 1;
      if (random() >= manners.duplicates) message.visibleAtMs = hiddenUntilMs();
      const { body, sentAt, number, receipt } = message;
      deliveries.push({ body: new Uint8Array(body), sentAt, handle: { number, receipt } satisfies Handle });
    }
    return deliveries;
  }

  function hiddenUntilMs(): number {
    return time.nowMs() + (capabilities.visibilityMs ?? Infinity);
  }

  /** Waits for the next message that becomes visible, or for somebody to ring. */
  async function wait(leftMs: number, signal?: AbortSignal): Promise<void> {
    const rung = bell;
    let soonestMs = Infinity;
    for (const { visibleAtMs } of messages.values()) soonestMs = Math.min(soonestMs, visibleAtMs);
    const end = (): void => rung.abort(RUNG);
    signal?.addEventListener('abort', end, { once: true });
    await time.sleep(Math.min(leftMs, soonestMs - time.nowMs()), rung.signal);
    signal?.removeEventListener('abort', end);
    if (rung === bell && rung.signal.aborted) bell = new AbortController();
  }

  /** The messages whose newest deliveries these are. */
  function current(deliveries: readonly Delivery[]): Message[] {
    return deliveries.flatMap(({ handle }) => {
      const { number, receipt } = handle as Handle;
      const message = messages.get(number);
      return message?.receipt === receipt ? [message] : [];
    });
  }

  return {
    capabilities,
    manners,
    newestStampAtOpen: undefined,
    get length() {
      return messages.size;
    },
    reopen() {
      closed = false;
      for (const message of messages.values()) {
        if (message.receipt === 0) continue;
        message.receipt += 1;
        message.visibleAtMs = time.nowMs();
      }
      ring();
    },

    async send(message) {
      assertOpen();
      const { body, delayMs = 0 } = message;
      if (body.byteLength > capabilities.maxMessageBytes) {
        throw new QueueError('too-large', 'not-written', `${body.byteLength} bytes are too many`);
      }
      sent += 1;
      messages.set(sent, {
        ...message,
        body: new Uint8Array(body),
        number: sent,
        sentAtMs: time.nowMs(),
        sentAt: time.nowMicros(),
        visibleAtMs: time.nowMs() + Math.min(delayMs, capabilities.maxDelayMs),
        receipt: 0,
      });
      ring();
    },

    async receive(asked) {
      assertOpen();
      const untilMs = time.nowMs() + asked.waitMs;
      for (;;) {
        expire();
        if (closed || asked.signal?.aborted === true) return [];
        const deliveries = take(asked);
        const leftMs = untilMs - time.nowMs();
        if (deliveries.length > 0 || leftMs <= 0) return deliveries;
        await wait(leftMs, asked.signal);
      }
    },

    async acknowledge(deliveries) {
      assertOpen();
      for (const { number } of current(deliveries)) messages.delete(number);
    },
    async release(deliveries, delayMs) {
      assertOpen();
      for (const message of current(deliveries)) {
        message.visibleAtMs = time.nowMs() + Math.min(delayMs, capabilities.maxDelayMs);
      }
      ring();
    },
    async extend(deliveries) {
      assertOpen();
      for (const message of current(deliveries)) message.visibleAtMs = hiddenUntilMs();
    },

    async status() {
      expire();
      const all = [...messages.values()];
      const now = time.nowMs();
      return {
        messages: all.length,
        delivered: all.filter(({ receipt, visibleAtMs }) => receipt > 0 && visibleAtMs > now).length,
        entries: all.reduce((sum, { entries }) => sum + entries, 0),
        bytes: all.reduce((sum, { body }) => sum + body.byteLength, 0),
        oldestSentAt: all.length === 0 ? undefined : Math.min(...all.map(({ sentAt }) => sentAt)),
      };
    },
    async oldestStamp() {
      if (!capabilities.settled) throw new TypeError('oldestStamp: this queue cannot tell');
      const stamps = [...messages.values()].map(({ oldestStamp }) => oldestStamp);
      return stamps.length === 0 ? undefined : Math.min(...stamps);
    },
    async probe() {
      assertOpen();
    },
    async close() {
      closed = true;
      ring();
    },
  };
}
