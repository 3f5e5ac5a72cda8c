/**
 * The service's own routes that anybody may call and that ask its parts: metrics, the welcome page.
 */
import { isLoopback } from '../../access/address.ts';
import type { Answer } from '../answer.ts';
import { pageAnswer, TEXT_TYPE } from '../answer.ts';
import type { HttpContext } from '../context.ts';
import { entryToView } from '../entry-json.ts';
import { helpText } from '../help-text.ts';
import { LATEST_ON_WELCOME, welcomePage, welcomeRegister } from '../pages/welcome.ts';

const LATEST_BYTES = 64 * 1024;

export function createServiceRoutes(context: HttpContext) {
  const { config, front, version, metrics, store } = context;
  const { basePath, region, registers } = config;
  const { streams } = front;
  const postRegister = welcomeRegister(registers);

  return {
    async metrics(): Promise<Answer> {
      const { contentType, text } = await metrics.expose();
      return { status: 200, headers: { 'content-type': contentType }, body: text };
    },
    /** Open while only this machine can reach it: a proxy or a name that is known outside brings strangers. */
    metricsAreOpen: front.name === 'node' && isLoopback(config.host) && hasNothingInFront(config),

    /** @param origin as the caller named it, so that the lines can be copied. */
    async welcome(format: 'html' | 'text', origin: string): Promise<Answer> {
      if (format === 'text') {
        const first = `Durability: ${context.durability().level}.`;
        const body = helpText({ base: `${origin}${basePath}`, version, registers, streams, first });
        return { status: 200, headers: { 'content-type': TEXT_TYPE }, body };
      }
      const page =
        postRegister &&
        (await store.list({
          register: postRegister.name,
          order: 'desc',
          limit: LATEST_ON_WELCOME,
          maxBytes: LATEST_BYTES,
        }));
      const body = welcomePage({
        basePath,
        version,
        region,
        durability: context.durability(),
        streams,
        registers: [...registers],
        ...(postRegister && { postRegister }),
        latest:
          postRegister === undefined
            ? []
            : (page?.entries ?? []).map((entry) => entryToView(postRegister, entry)),
      });
      return pageAnswer(body);
    },
  };
}

function hasNothingInFront({ trustedProxies, allowedHosts }: HttpContext['config']): boolean {
  const proxies = typeof trustedProxies === 'number' ? trustedProxies : trustedProxies.length;
  return proxies === 0 && allowedHosts.length === 0;
}
