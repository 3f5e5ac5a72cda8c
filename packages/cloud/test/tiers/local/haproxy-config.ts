/**
 * The balancer of a template, and CloudFront before it, as a configuration of HAProxy. Rules, names, health checks and
 * time-outs are the template's. Only the time from one health check to the next is shorter, by one factor.
 *
 *   caller ─HTTP─▶ cdn ─TLS─▶ listener 443 ─▶ rules ─▶ group ─▶ tasks
 *                              listener 8080 ─────────▲
 *
 * As the Application Load Balancer does, it never sends a request twice, and answers 502 or 503 for a task that is gone
 * ("Troubleshoot your Application Load Balancers"). For that each of CloudFront's connections has one request: on a later
 * one HAProxy would hang up in place of an answer.
 */
import type { BalancerPlan, GroupPlan, ListenerPlan, RulePlan } from './balancer-plan.ts';

export interface HaproxyOptions {
  readonly plan: BalancerPlan;
  /** By the ARN of a target group. */
  readonly nameOf: (groupArn: string) => string;
  /** Of this machine, by the listener's own. */
  readonly portOf: (listener: ListenerPlan) => number;
  readonly cdnPort: number;
  readonly adminSocket: string;
  /** Of the listener that speaks TLS, with its key; and who signed it. */
  readonly certificateFile: string;
  readonly authorityFile: string;
  /** By how much less time passes between health checks. */
  readonly faster: number;
  /** Places for tasks in each group; none is used twice. */
  readonly slots: number;
}

/** "HTTP 504": the balancer gives a target ten seconds to take a connection. */
const CONNECT_SECONDS = 10;
/** One object a line, of requests only: which task was sent what, and how it ended. */
const LOG = `'{"front":"%ft","target":"%b/%s","status":%ST,"ended":"%tsc","path":"%HP"}'`;

export function haproxyConfig(options: HaproxyOptions): string {
  const { plan, nameOf, adminSocket } = options;
  return [
    `global
  log stdout format raw local0
  maxconn 400
  stats socket ${adminSocket} mode 600 level admin
defaults
  mode http
  log global
  option dontlognull
  log-format ${LOG}
  retries 0
  timeout connect ${CONNECT_SECONDS}s
  timeout http-request ${plan.idleSeconds}s`,
    cdn(options),
    ...plan.listeners.map((listener) => front(listener, options)),
    ...plan.groups.map((group) => back(nameOf(group.arn), group, options)),
    '',
  ].join('\n');
}

function cdn({ plan, cdnPort, portOf, authorityFile }: HaproxyOptions): string {
  const { originName, encrypted, readSeconds, idleSeconds } = plan.cdn;
  const listener = plan.listeners.find((one) => one.encrypted === encrypted);
  if (listener === undefined) throw new Error('expected a listener that CloudFront can speak with');
  const tls = encrypted
    ? ` ssl verify required ca-file ${authorityFile} sni str(${originName}) verifyhost ${originName}`
    : '';
  return `frontend cdn
  bind 127.0.0.1:${cdnPort}
  timeout client ${idleSeconds}s
  option forwardfor
  default_backend origin
backend origin
  option http-server-close
  timeout server ${readSeconds}s
  server balancer 127.0.0.1:${portOf(listener)}${tls}`;
}

function front(listener: ListenerPlan, { plan, portOf, nameOf, certificateFile }: HaproxyOptions): string {
  const { encrypted, rules, port } = listener;
  return `frontend listener-${port}
  bind 127.0.0.1:${portOf(listener)}${encrypted ? ` ssl crt ${certificateFile}` : ''}
  timeout client ${plan.idleSeconds}s
  timeout http-keep-alive ${plan.idleSeconds}s
  option forwardfor
  http-request set-header X-Forwarded-Proto ${encrypted ? 'https' : 'http'}
  http-request set-header X-Forwarded-Port ${port}
${rules.map((rule) => `  ${leadTo(nameOf(rule.groupArn), rule)}`).join('\n')}`;
}

function leadTo(backend: string, { hosts, paths }: RulePlan): string {
  const conditions = [
    ...(hosts.length === 0 ? [] : [`{ req.hdr(host),field(1,:),lower -m reg ${anyOf(hosts)} }`]),
    ...(paths.length === 0 ? [] : [`{ path -m reg ${anyOf(paths)} }`]),
  ];
  return conditions.length === 0
    ? `default_backend ${backend}`
    : `use_backend ${backend} if ${conditions.join(' ')}`;
}

/** "Listener rules": `*` stands for any characters, `?` for one. */
function anyOf(patterns: readonly string[]): string {
  const sources = patterns.map((pattern) =>
    pattern
      .replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
      .replaceAll('*', '.*')
      .replaceAll('?', '.'),
  );
  return `'^(${sources.join('|')})$'`;
}

function back(name: string, group: GroupPlan, { plan, faster, slots }: HaproxyOptions): string {
  const intervalMs = (group.intervalSeconds * 1_000) / faster;
  return `backend ${name}
  balance roundrobin
  timeout server ${plan.idleSeconds}s
  timeout check ${group.timeoutSeconds}s
  option httpchk
  http-check send meth GET uri ${group.path} ver HTTP/1.1 hdr Host 127.0.0.1
  http-check expect status ${group.status}
  server-template task 1-${slots} 127.0.0.1:1 disabled check inter ${intervalMs}ms rise ${group.healthyCount} fall ${group.unhealthyCount}`;
}
