/**
 * The image that the tasks run, read from its definition: what is in it, is at another place on this machine. Its
 * instructions are those of the last stage of `deploy/Containerfile`.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../../../../', import.meta.url);

export interface Image {
  /** `ENTRYPOINT` and `CMD`. */
  readonly command: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly stopSignal: string;
}

/** What `tools/gather-image.ts` puts into `/app`, and where it takes it from. */
const PLACES: readonly (readonly [inImage: string, here: string])[] = [
  ['/app/node_modules/daybook/', 'packages/daybook/'],
  ['/app/healthcheck.js', 'deploy/healthcheck.js'],
];

export function readImage(): Image {
  const source = readFileSync(new URL('deploy/Containerfile', ROOT), 'utf8');
  const stage = source.slice(source.lastIndexOf('\nFROM ')).replaceAll(/\\\n\s*/g, '');
  const instructions = new Map(
    stage.split('\n').map((line) => {
      const [, name = '', rest = ''] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
      return [name, rest];
    }),
  );
  const list = (name: string): string[] => JSON.parse(instructions.get(name) ?? '[]') as string[];
  const pairs = (instructions.get('ENV') ?? '').split(' ').map((pair) => pair.split('='));
  return {
    command: [...list('ENTRYPOINT'), ...list('CMD')],
    variables: Object.fromEntries(pairs) as Record<string, string>,
    stopSignal: instructions.get('STOPSIGNAL') ?? 'SIGTERM',
  };
}

/** A command of the image as this machine runs it. @throws {Error} for a file that is not known to be in the image. */
export function hereOf(command: readonly string[]): string[] {
  return command.map((part, at) => {
    if (at === 0 && part === 'node') return process.execPath;
    if (!part.startsWith('/')) return part;
    const [inImage, here] = PLACES.find(([place]) => part.startsWith(place)) ?? [];
    if (inImage === undefined || here === undefined)
      throw new Error(`expected a file of the image, given ${part}`);
    return fileURLToPath(new URL(here + part.slice(inImage.length), ROOT));
  });
}
