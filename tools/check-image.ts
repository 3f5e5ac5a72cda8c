/**
 * Checks the container image as far as that goes without a container engine: the Containerfile's instructions against
 * rules, and what it would hold by gathering it from a copy of the tracked files that `.dockerignore` lets in, and using it
 * as the image does: as a user without rights, who may write to the data directory and nowhere else.
 *
 * Not checked here: the base image, and that an engine builds and runs the file.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, chown, cp, lstat, mkdir, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { dirname, join, matchesGlob } from 'node:path';
import { createSecureContext } from 'node:tls';

import { ROOT, copyTrackedFiles, withTemporaryFolder } from './checkout.ts';
import { plainEnvironment, runCommand, say } from './command.ts';
import { basesOf, finalStage, instructionsOf, removedOf } from './containerfile.ts';
import { RDS_CERTIFICATES_FILE, readRdsRoots } from './rds-certificates.ts';
import { serveOnce } from './served.ts';

/** Beside Node.js itself. */
const MAX_IMAGE_MB = 40;
/** Where a deployment is unless its configuration says otherwise, and what RDS signs with: "Certificate authorities". */
const DEFAULT_REGION = 'eu-west-1';
const ROOT_KINDS = ['ECC384', 'RSA2048', 'RSA4096'];
/** An image runs for so long without being built anew. */
const VALID_FOR_MS = 2 * 365 * 86_400_000;
const PINNED = /^[a-z][a-z0-9./-]*:\d+\.\d+\.\d+-[a-z]+-slim@sha256:[0-9a-f]{64}$/;

const { entrypoint, command, healthcheck, uid } = checkInstructions(
  await readFile(join(ROOT, 'deploy/Containerfile'), 'utf8'),
);
await withTemporaryFolder(async (folder) => {
  await chmod(folder, 0o755);
  const checkout = join(folder, 'checkout');
  await copyTrackedFiles(checkout);
  await leaveIgnored(checkout);
  await symlink(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
  const image = join(folder, 'app');
  runCommand(process.execPath, [join(checkout, 'tools/gather-image.ts'), image], { cwd: checkout });
  await measure(image);
  checkCertificates(await readFile(join(image, RDS_CERTIFICATES_FILE), 'utf8'));
  await useAsImage(folder, image);
});

interface Start {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
  readonly uid: number;
}

/** @throws {AssertionError} that names the rule. */
function checkInstructions(text: string): Start {
  const instructions = instructionsOf(text);
  const final = finalStage(instructions);
  const only = (keyword: string): string => {
    const found = final.filter((one) => one.keyword === keyword);
    assert.equal(found.length, 1, `the image has one ${keyword}`);
    return found[0]?.rest ?? '';
  };
  const bases = basesOf(instructions);
  for (const base of bases) assert.match(base, PINNED, 'a base has an exact version and a digest');
  assert.equal(new Set(bases).size, 1, 'it runs on what it was built on');
  assert.ok(
    bases[0]?.startsWith(`node:${process.versions.node}-`),
    `Node.js is the pinned ${process.versions.node}`,
  );
  const keywords = instructions.map(({ keyword }) => keyword);
  assert.ok(
    !keywords.includes('ADD') && !keywords.includes('ARG'),
    'nothing is fetched, nothing is passed in',
  );
  for (const { keyword, rest } of instructions) {
    if (['RUN', 'ENTRYPOINT', 'CMD', 'VOLUME'].includes(keyword))
      assert.ok(Array.isArray(JSON.parse(rest)), `${keyword} without a shell`);
    assert.doesNotMatch(
      rest,
      /\b(?:curl|wget|apt-get|apk|sudo|PASSWORD|SECRET|TOKEN|KEY)\b/i,
      'no tools, no secrets',
    );
  }
  const copied = final.filter(({ keyword }) => keyword === 'COPY').map(({ rest }) => rest);
  assert.deepEqual(copied, ['--from=build /image /app'], 'it holds what was gathered and nothing else');
  for (const manager of ['/usr/local/lib/node_modules', '/opt'])
    assert.ok(removedOf(final).includes(manager), `${manager}: package managers of the base are taken away`);
  assert.equal(only('STOPSIGNAL'), 'SIGTERM');
  const user = /^(\d+):\1$/.exec(only('USER'));
  assert.ok(user && Number(user[1]) >= 1000, 'a user by number, and not root');
  const [, check = ''] = / CMD (\[.*\])$/.exec(only('HEALTHCHECK')) ?? [];
  say(`Containerfile: ${instructions.length} instructions, no rule broken`);
  return {
    entrypoint: JSON.parse(only('ENTRYPOINT')) as string[],
    command: JSON.parse(only('CMD')) as string[],
    healthcheck: JSON.parse(check) as string[],
    uid: Number(user[1]),
  };
}

/** Takes away what an engine would not send; the last pattern that fits decides, as of a `.dockerignore`. */
async function leaveIgnored(checkout: string): Promise<void> {
  const lines = (await readFile(join(ROOT, '.dockerignore'), 'utf8')).split('\n');
  const rules = lines.filter((line) => line !== '' && !line.startsWith('#'));
  let sent = 0;
  for (const path of await readdir(checkout, { recursive: true })) {
    if ((await lstat(join(checkout, path))).isDirectory()) continue;
    const rule = rules.findLast((one) => fits(path, one.replace(/^!/, '')));
    if (rule?.startsWith('!') === true) sent += 1;
    else await rm(join(checkout, path));
  }
  say(`.dockerignore: ${sent} files are sent to the build`);
}

/** A pattern means a folder with everything in it, too. */
function fits(path: string, pattern: string): boolean {
  return matchesGlob(path, pattern) || matchesGlob(path, `${pattern}/**`);
}

async function measure(image: string): Promise<void> {
  let bytes = 0;
  for (const path of await readdir(image, { recursive: true })) {
    const stat = await lstat(join(image, path));
    if (stat.isFile()) bytes += Math.max(stat.size, stat.blocks * 512);
  }
  const megabytes = (bytes / 1e6).toFixed(1);
  say(`image: ${megabytes} MB beside Node.js`);
  assert.ok(bytes < MAX_IMAGE_MB * 1e6, `${megabytes} MB; the limit is ${MAX_IMAGE_MB} MB`);
}

/** Every one parses, signed itself, may sign others and does not end soon; the default region has all of its own. */
function checkCertificates(bundle: string): void {
  const roots = readRdsRoots(bundle);
  const needed = Date.now() + VALID_FOR_MS;
  for (const { certificate } of roots) {
    const { subject, ca, publicKey, validFrom, validTo } = certificate;
    assert.ok(ca && certificate.verify(publicKey), `a root: ${subject}`);
    assert.ok(
      Date.parse(validFrom) < Date.now() && Date.parse(validTo) > needed,
      `${subject} ends ${validTo}`,
    );
  }
  const kinds = roots.filter(({ region }) => region === DEFAULT_REGION).map(({ kind }) => kind);
  assert.deepEqual(kinds.toSorted(), ROOT_KINDS, `the roots of ${DEFAULT_REGION}`);
  createSecureContext({ ca: bundle });
  const regions = new Set(roots.map(({ region }) => region));
  const first =
    roots.map(({ certificate }) => Date.parse(certificate.validTo)).toSorted((a, b) => a - b)[0] ?? 0;
  say(
    `${RDS_CERTIFICATES_FILE}: ${roots.length} certificates of ${regions.size} regions, the first to end in ${new Date(first).getUTCFullYear()}`,
  );
}

async function useAsImage(folder: string, image: string): Promise<void> {
  const data = join(folder, 'data');
  const node = join(folder, 'node');
  await mkdir(data, { mode: 0o700 });
  // The checkout's own may lie where another user must not look.
  await cp(process.execPath, node);
  const isRoot = process.getuid?.() === 0;
  if (isRoot) await chown(data, uid, uid);
  else say('SKIPPED, since this is not root: that the image needs no right to write anywhere else');
  const inside = (part: string): string => (part === 'node' ? node : part.replace(/^\/app\b/, image));
  const drop = isRoot
    ? ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--no-new-privs']
    : [];
  const asUser = (args: readonly string[]) => {
    const [program = '', ...rest] = [...drop, ...args.map(inside)];
    return { program, args: rest };
  };
  const probe = asUser(['node', '-e', `require('node:fs').writeFileSync('${join(image, 'x')}', '')`]);
  const written = spawnSync(probe.program, probe.args, { cwd: image, env: plainEnvironment() });
  if (isRoot) assert.notEqual(written.status, 0, 'the image cannot be written');
  await serveOnce({
    ...asUser([...entrypoint, ...command]),
    cwd: image,
    dataDir: data,
    whileServing(address) {
      const check = asUser(healthcheck);
      const env = { ...plainEnvironment(), DAYBOOK_PORT: new URL(address).port };
      const { status } = spawnSync(check.program, check.args, { cwd: dirname(image), env });
      assert.equal(status, 0, 'the health check');
      const wrong = spawnSync(check.program, check.args, { env: { ...env, DAYBOOK_PORT: '1' } });
      assert.equal(wrong.status, 1, 'the health check of a server that is not there');
      say('health check: 0 while it serves, 1 when nothing is there');
    },
  });
  for (const client of ['pg', '@aws-sdk/client-sqs', '@aws-sdk/client-dynamodb', '@aws-sdk/client-s3'])
    runCommand(node, ['--input-type=module', '-e', `await import('${client}')`], { cwd: image });
  say('imported: the clients of the drivers');
}
