/**
 * HAProxy in the place of the balancer and of CloudFront: tasks join a target group and leave it while it runs.
 *
 *   free ──register()──▶ initial ──a check succeeded──▶ healthy ──deregister()──▶ draining ──nothing in flight──▶ gone
 *                                                          └────────────remove()────────────────────────────────▶ gone
 *
 * "Health checks for Application Load Balancer target groups": one that has just been registered is healthy with its first
 * success. "Deregistration delay": one that leaves is gone as soon as nothing is in flight, at the latest after the delay.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

import { createAuthority } from '../../../../daybook/test/support/certificate.ts';
import { eventually } from '../../../../daybook/test/support/eventually.ts';
import { freePort } from '../../../../daybook/test/support/free-port.ts';
import { startWarden } from '../../local/runtime/warden.ts';
import type { BalancerPlan } from './balancer-plan.ts';
import { haproxyConfig } from './haproxy-config.ts';

/** Not a literal at the call, since it is a program of the system's and no dependency. */
export const HAPROXY = 'haproxy';
const SLOTS = 24;
const LOOK_MS = 25;
/** From ten seconds to half of one. */
export const FASTER = 20;

/** A request that ended without an answer of a task's, or with one of its failures. */
export interface FailedRequest {
  readonly front: string;
  /** `<group>/<place>` */
  readonly target: string;
  readonly status: number;
  readonly path: string;
}

export interface Target {
  /** As `FailedRequest` has it. */
  readonly name: string;
  /** How many requests it was sent so far. */
  sent(): Promise<number>;
  deregister(): Promise<void>;
  /** At once: what is in flight is lost. */
  remove(): Promise<void>;
}

export interface Balancer {
  /** Where callers find CloudFront. */
  readonly url: string;
  /** Where the tier `web` finds the tier `api`: the listener at that port. */
  urlOf(port: number): string;
  /** @returns once the first health check succeeded. @throws {Error} when none does in a minute. */
  register(groupArn: string, port: number): Promise<Target>;
  /** Of the listeners, since the start. */
  readonly failed: readonly FailedRequest[];
  /** Idempotent. */
  close(): Promise<void>;
}

export interface BalancerOptions {
  readonly plan: BalancerPlan;
  readonly nameOf: (groupArn: string) => string;
  /** For its files. */
  readonly directory: string;
}

/** @throws {Error} with what HAProxy says when it does not start. */
export async function startBalancer({ plan, nameOf, directory }: BalancerOptions): Promise<Balancer> {
  const adminSocket = join(directory, 'admin.sock');
  const certificateFile = join(directory, 'balancer.pem');
  const authorityFile = join(directory, 'balancer-authority.pem');
  const authority = createAuthority('of the balancer');
  const { certificate, key } = authority.issue([plan.cdn.originName]);
  await writeFile(certificateFile, certificate + key, { mode: 0o600 });
  await writeFile(authorityFile, authority.certificate);
  const ports = new Map<number, number>();
  for (const { port } of plan.listeners) ports.set(port, await freePort());
  const cdnPort = await freePort();
  const configFile = join(directory, 'haproxy.cfg');
  await writeFile(
    configFile,
    haproxyConfig({
      plan,
      nameOf,
      portOf: ({ port }) => ports.get(port) ?? 0,
      cdnPort,
      adminSocket,
      certificateFile,
      authorityFile,
      faster: FASTER,
      slots: SLOTS,
    }),
  );
  const child = spawn(HAPROXY, ['-db', '-f', configFile], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = text(child.stderr);
  const ended = once(child, 'close');
  // However this process ends.
  const warden = startWarden();
  if (child.pid !== undefined) warden.watch(child.pid);
  const failed: FailedRequest[] = [];
  createInterface(child.stdout).on('line', (line) => {
    if (!line.startsWith('{')) return;
    const request = JSON.parse(line) as FailedRequest;
    const isFailed = request.status < 0 || request.status >= 500;
    if (isFailed && request.front.startsWith('listener')) failed.push(request);
  });
  const used = new Map<string, number>();

  async function command(line: string): Promise<string> {
    const socket = connect(adminSocket).end(`${line}\n`);
    await once(socket, 'connect');
    return text(socket);
  }

  /** One column of one place; the names of columns are in the first line. */
  async function read(name: string, column: string): Promise<string> {
    const [head = '', ...lines] = (await command('show stat')).replace(/^# /, '').split('\n');
    const at = head.split(',').indexOf(column);
    const line = lines.find((one) => one.startsWith(`${name.replace('/', ',')},`));
    return line?.split(',')[at] ?? '';
  }

  async function register(groupArn: string, port: number): Promise<Target> {
    const group = plan.groups.find(({ arn }) => arn === groupArn);
    const backend = nameOf(groupArn);
    const slot = (used.get(backend) ?? 0) + 1;
    if (group === undefined || slot > SLOTS) throw new Error(`${backend}: expected a place, found none`);
    used.set(backend, slot);
    const name = `${backend}/task${slot}`;
    const set = (what: string): Promise<string> => command(`set server ${name} ${what}`);
    const numberOf = async (column: 'scur' | 'stot'): Promise<number> => Number(await read(name, column));
    const remove = async (): Promise<void> => void (await set('state maint'));
    await set(`addr 127.0.0.1 port ${port}`);
    // It is asked how it is, and sent nothing yet.
    await set('state drain');
    await eventually(
      `${name} is healthy`,
      async () => /^\*?\s*L7OK$/.test(await read(name, 'check_status')),
      {
        everyMs: LOOK_MS,
      },
    ).catch(async (thrown: unknown) => {
      await remove();
      throw thrown;
    });
    await set('state ready');
    return {
      name,
      sent: () => numberOf('stot'),
      remove,
      async deregister() {
        await set('state drain');
        const end = performance.now() + group.drainSeconds * 1_000;
        while ((await numberOf('scur')) > 0 && performance.now() < end) await sleep(LOOK_MS);
        await remove();
      },
    };
  }

  async function close(): Promise<void> {
    child.kill('SIGKILL');
    await ended;
    if (child.pid !== undefined) warden.forget(child.pid);
    await warden.close();
  }

  try {
    await eventually('HAProxy runs', async () => {
      if (child.exitCode !== null) return 'ended';
      return (await command('show info')) === '' ? undefined : 'running';
    });
    if (child.exitCode !== null) throw new Error(`HAProxy did not start: ${await said}`);
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return {
    url: `http://127.0.0.1:${cdnPort}`,
    urlOf(port) {
      const own = ports.get(port);
      if (own === undefined) throw new Error(`expected a listener, given ${port}`);
      return `http://127.0.0.1:${own}`;
    },
    register,
    failed,
    close,
  };
}
