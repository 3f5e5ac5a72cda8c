/**
 * Azure's published schema of pipelines knows the tasks that come with Azure and refuses all others. The one that ours
 * takes from elsewhere is told to it here, with the inputs that ours may give it.
 */
import type { JsonSchema } from './schema-faults.ts';

interface AzureSchema extends JsonSchema {
  readonly definitions: {
    readonly task: {
      readonly properties: { readonly task: { readonly anyOf: readonly unknown[] } };
      readonly anyOf: readonly unknown[];
    };
  };
}

/** "AWS Shell Script", AWS Toolkit for Azure DevOps, its task.json; a file instead of a line is not for us. */
const AWS_SHELL_SCRIPT = {
  properties: {
    task: { pattern: '^AWSShellScript@1$' },
    inputs: {
      type: 'object',
      additionalProperties: false,
      required: ['awsCredentials', 'regionName', 'scriptType', 'inlineScript'],
      properties: {
        awsCredentials: { type: 'string' },
        regionName: { type: 'string' },
        scriptType: { enum: ['inline'] },
        inlineScript: { type: 'string', maxLength: 5000 },
      },
    },
  },
  required: ['task', 'inputs'],
};

/** @throws {Error} when it has another shape than the one that was looked at. */
export function withAwsTask(schema: JsonSchema): JsonSchema {
  if (!hasTasks(schema)) throw new Error('schema of Azure Pipelines: expected definitions.task, found none');
  const { definitions } = schema;
  const { task } = definitions;
  const names = { anyOf: [...task.properties.task.anyOf, { enum: ['AWSShellScript@1'] }] };
  return {
    ...schema,
    definitions: {
      ...definitions,
      task: {
        ...task,
        properties: { ...task.properties, task: names },
        anyOf: [...task.anyOf, AWS_SHELL_SCRIPT],
      },
    },
  };
}

function hasTasks(schema: JsonSchema): schema is AzureSchema {
  const { definitions } = schema as { definitions?: Partial<AzureSchema['definitions']> };
  return Array.isArray(definitions?.task?.anyOf) && Array.isArray(definitions.task.properties?.task?.anyOf);
}
