/**
 * The OpenAPI 3.1 document of a running Daybook: every path that it answers, of exactly the registers that it has. The
 * schemas are those that the contract is written in, the errors those of the registry, so neither can drift.
 */
import type { Register } from '../../register.ts';
import { sharedComponents } from './components.ts';
import {
  deadLetterActionProblems,
  deadLetterPaths,
  deadLetterProblems,
  deadLettersProblems,
} from './dead-letters.ts';
import { drainPaths, drainProblems } from './drain.ts';
import { createKeyProblems, keyPaths, keysProblems, revokeKeyProblems } from './keys.ts';
import { createOperationIds } from './operation-ids.ts';
import { OPERATOR_TAG, operatorPaths, operatorProblems } from './operator.ts';
import { PARAMETERS } from './parameters.ts';
import {
  entryOperation,
  entryProblems,
  payloadOperation,
  statsOperation,
  statsProblems,
} from './register-entry.ts';
import { registerInWords } from './register-access.ts';
import { listOperation, listProblems } from './register-read.ts';
import { writeOperation, writeProblems } from './register-write.ts';
import {
  metricsProblems,
  readyProblems,
  SERVICE_TAG,
  serviceProblems,
  servicePaths,
  welcomeProblems,
} from './service.ts';
import type { ProblemSet } from './problems.ts';
import type { OpenApiDocument, PathItem } from './specification.ts';

export interface DocumentSource {
  readonly registers: readonly Register[];
  readonly version: string;
  /** '' or, say, '/dev': the path of the server; the paths of the document come after it. */
  readonly basePath: string;
}

/** What a reader puts in place of, in the commands to copy. */
const ORIGIN = 'http://localhost:3000';

const PROBLEM_SETS = [
  serviceProblems,
  welcomeProblems,
  readyProblems,
  metricsProblems,
  operatorProblems,
  deadLettersProblems,
  deadLetterProblems,
  deadLetterActionProblems,
  keysProblems,
  createKeyProblems,
  revokeKeyProblems,
  drainProblems,
];

export function createOpenApiDocument({ registers, version, basePath }: DocumentSource): OpenApiDocument {
  const origin = `${ORIGIN}${basePath}`;
  return {
    openapi: '3.1.1',
    info: {
      title: 'Daybook',
      version,
      summary: 'POST it, and it is on record.',
      description:
        'Daybook stamps the moment, gives it a unique, ordered id, makes it durable, and only then answers. Every answer carries Daybook-Version and X-Request-Id; every refusal is a problem document (RFC 9457) with a stable code. HEAD answers like GET without a body; OPTIONS names the methods of a path. Changes are additive: ignore members that you do not know.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: basePath === '' ? '/' : basePath, description: 'This server' }],
    tags: [
      ...registers.map((register) => ({ name: register.name, description: registerInWords(register) })),
      { name: SERVICE_TAG, description: 'The service itself; open to anybody who reaches it' },
      {
        name: OPERATOR_TAG,
        description: 'For operators: needs a credential with the role admin, such as the admin key',
      },
    ],
    paths: {
      ...registerPathItems(registers, origin),
      ...servicePaths(origin),
      ...operatorPaths(origin),
      ...deadLetterPaths(origin),
      ...keyPaths(origin),
      ...drainPaths(origin),
    },
    components: {
      ...sharedComponents(registers),
      parameters: PARAMETERS,
      responses: Object.assign(
        {},
        ...[...PROBLEM_SETS, ...registers.flatMap(problemsOf)].map(({ components }) => components),
      ),
    },
  };
}

function problemsOf(register: Register): ProblemSet[] {
  const ofReads = [listProblems(register), entryProblems(register), statsProblems(register)];
  return isWritten(register) ? [writeProblems(register), ...ofReads] : ofReads;
}

/** By callers; Daybook's own registers are not. */
function isWritten({ access }: Register): boolean {
  return access.write !== 'internal';
}

function registerPathItems(registers: readonly Register[], origin: string): Record<string, PathItem> {
  const idOf = createOperationIds();
  const paths: Record<string, PathItem> = {};
  for (const register of registers) {
    const { name, aliases } = register;
    const path = `/${name}`;
    const url = `${origin}${path}`;
    paths[path] = {
      ...(isWritten(register) && { post: writeOperation(register, idOf('write', name), url) }),
      get: listOperation(register, idOf('list', name), url),
    };
    paths[`${path}/{id}`] = { get: entryOperation(register, idOf('read', name), url) };
    paths[`${path}/{id}/payload`] = { get: payloadOperation(register, idOf('payload', name), url) };
    paths[`${path}/stats`] = { get: statsOperation(register, idOf('stats', name), url) };
    for (const alias of aliases) {
      const write = alias.method === 'POST';
      const describe = write ? writeOperation : listOperation;
      const operation = {
        ...describe(register, idOf(write ? 'write' : 'list', name, alias.path), `${origin}${alias.path}`),
        summary: `The same as ${alias.method} ${path}`,
      };
      paths[alias.path] = { ...paths[alias.path], [write ? 'post' : 'get']: operation };
    }
  }
  return paths;
}
