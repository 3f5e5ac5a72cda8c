/**
 * Resolves the intrinsic functions of a CloudFormation template to names of this machine ("Intrinsic function
 * reference", AWS CloudFormation). Only what is asked for is resolved, so a template may hold anything; a function or
 * a name that is not known is an error.
 */
import type { NamedResource } from './resource-names.ts';
import { attributeOf, refOf } from './resource-names.ts';

export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly Condition?: string;
}

export interface Template {
  readonly Resources?: Readonly<Record<string, TemplateResource>>;
  readonly Parameters?: Readonly<Record<string, { readonly Default?: unknown }>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
  readonly Mappings?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
  readonly Outputs?: Readonly<
    Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: unknown } }>
  >;
}

export interface StackPlace {
  readonly stackName: string;
  readonly account: string;
  readonly region: string;
}

export interface ResolvedResource {
  readonly logicalId: string;
  readonly type: string;
  /** Resolved anew at each call. */
  properties(): Readonly<Record<string, unknown>>;
  readonly ref: string;
  attribute(name: string): string;
}

export interface ResolvedStack {
  readonly place: StackPlace;
  resolve(value: unknown): unknown;
  /** Those whose condition holds, in the order of the template. */
  resources(type?: string): readonly ResolvedResource[];
  /** @throws {Error} when there is none. */
  resource(logicalId: string): ResolvedResource;
  /** By the name that other stacks import. @returns undefined when there is none. */
  exported(name: string): unknown;
  /** By its own name, as stacks of other regions ask for it. @returns undefined when there is none. */
  output(name: string): unknown;
}

type Context = StackPlace & {
  readonly template: Template;
  /** Of another stack, by the name of its export. */
  readonly importValue: (name: string) => unknown;
  readonly outputOf: (stackName: string, name: string) => unknown;
};

/** Stands for AWS::NoValue: what has it is left out. */
const NO_VALUE = Symbol('AWS::NoValue');

export function resolveTemplate(
  template: Template,
  place: StackPlace,
  importValue: Context['importValue'] = (name) => {
    throw new Error(`${place.stackName}: expected an export of another stack, given ${name}`);
  },
  outputOf: Context['outputOf'] = (stackName, name) => {
    throw new Error(`${place.stackName}: expected an output of another stack, given ${stackName} ${name}`);
  },
): ResolvedStack {
  const context: Context = { ...place, template, importValue, outputOf };
  const resolved = Object.entries(template.Resources ?? {}).map(([logicalId, resource]): ResolvedResource => {
    const named = namedResource(context, logicalId);
    return {
      logicalId,
      type: resource.Type,
      properties: () => resolveValue(context, resource.Properties ?? {}) as Record<string, unknown>,
      ref: qualifiedArn(context, logicalId) ?? refOf(named),
      attribute: (name) => attributeOf(named, name),
    };
  });
  const holds = ({ logicalId }: ResolvedResource) => {
    const condition = template.Resources?.[logicalId]?.Condition;
    return condition === undefined || conditionHolds(context, condition);
  };
  const { Outputs = {} } = template;
  return {
    place,
    resolve: (value) => resolveValue(context, value),
    resources: (type) => resolved.filter((one) => (type === undefined || one.type === type) && holds(one)),
    resource(logicalId) {
      const found = resolved.find((one) => one.logicalId === logicalId);
      if (found !== undefined) return found;
      throw new Error(`${place.stackName}: expected a resource, given ${logicalId}`);
    },
    exported(name) {
      const found = Object.values(Outputs).find(
        ({ Export }) => Export && resolveValue(context, Export.Name) === name,
      );
      return found && resolveValue(context, found.Value);
    },
    output: (name) => Outputs[name] && resolveValue(context, Outputs[name].Value),
  };
}

function namedResource({ stackName, account, region, template }: Context, logicalId: string): NamedResource {
  const type = template.Resources?.[logicalId]?.Type;
  if (type === undefined) throw new Error(`${stackName}: expected a resource, given ${logicalId}`);
  return { stackName, logicalId, type, account, region };
}

function resolveValue(context: Context, value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => resolveValue(context, item)).filter((item) => item !== NO_VALUE);
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only !== undefined) {
    const [name, argument] = only;
    if (name === 'Ref') return resolveRef(context, String(argument));
    if (name === 'Condition' && typeof argument === 'string') return conditionHolds(context, argument);
    if (name.startsWith('Fn::')) return callFunction(context, name.slice(4), argument);
  }
  return Object.fromEntries(
    entries
      .map(([name, item]) => [name, resolveValue(context, item)] as const)
      .filter(([, item]) => item !== NO_VALUE),
  );
}

function resolveRef(context: Context, name: string): unknown {
  const { stackName, account, region, template } = context;
  const pseudo: Readonly<Record<string, unknown>> = {
    'AWS::AccountId': account,
    'AWS::Region': region,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackName': stackName,
    'AWS::StackId': `arn:aws:cloudformation:${region}:${account}:stack/${stackName}/local`,
    'AWS::NoValue': NO_VALUE,
  };
  if (name in pseudo) return pseudo[name];
  const parameter = template.Parameters?.[name];
  if (parameter === undefined) return qualifiedArn(context, name) ?? refOf(namedResource(context, name));
  if (parameter.Default !== undefined) return parameter.Default;
  throw new Error(`${stackName}: expected a parameter with a default, given ${name}`);
}

/** A version or an alias of a function: the function's ARN with what qualifies it. @returns undefined for anything else. */
function qualifiedArn(context: Context, logicalId: string): string | undefined {
  const { Type, Properties = {} } = context.template.Resources?.[logicalId] ?? {};
  if (Type !== 'AWS::Lambda::Alias' && Type !== 'AWS::Lambda::Version') return undefined;
  const target = String(resolveValue(context, Properties['FunctionName']));
  const { region, account } = context;
  const arn = target.startsWith('arn:') ? target : `arn:aws:lambda:${region}:${account}:function:${target}`;
  return `${arn}:${Type === 'AWS::Lambda::Alias' ? String(resolveValue(context, Properties['Name'])) : '1'}`;
}

function conditionHolds(context: Context, name: string): boolean {
  const condition = context.template.Conditions?.[name];
  if (condition === undefined) throw new Error(`${context.stackName}: expected a condition, given ${name}`);
  return resolveValue(context, condition) === true;
}

function callFunction(context: Context, name: string, argument: unknown): unknown {
  const list = (): unknown[] => resolveValue(context, argument) as unknown[];
  switch (name) {
    case 'GetAtt': {
      const path = typeof argument === 'string' ? argument.split('.') : (argument as string[]);
      const [logicalId = '', ...rest] = path;
      return attributeOf(namedResource(context, logicalId), rest.join('.'));
    }
    case 'Join': {
      const [separator, items] = list() as [string, unknown[]];
      return items.map(String).join(separator);
    }
    case 'Sub':
      return substitute(context, argument);
    case 'Select': {
      const [index, items] = list() as [number | string, unknown[]];
      return items[Number(index)];
    }
    case 'Split': {
      const [separator, text] = list() as [string, string];
      return text.split(separator);
    }
    case 'If': {
      const [condition, yes, no] = argument as [string, unknown, unknown];
      return resolveValue(context, conditionHolds(context, condition) ? yes : no);
    }
    case 'Equals': {
      const [one, other] = list();
      return String(one) === String(other);
    }
    case 'And':
      return list().every((item) => item === true);
    case 'Or':
      return list().some((item) => item === true);
    case 'Not':
      return list()[0] !== true;
    case 'FindInMap': {
      const [map, top, second] = list() as [string, string, string];
      return context.template.Mappings?.[map]?.[top]?.[second];
    }
    case 'ImportValue':
      return context.importValue(String(resolveValue(context, argument)));
    case 'GetStackOutput': {
      const { StackName, OutputName } = resolveValue(context, argument) as Readonly<Record<string, string>>;
      return context.outputOf(String(StackName), String(OutputName));
    }
    case 'Base64':
      return Buffer.from(String(resolveValue(context, argument))).toString('base64');
    case 'GetAZs':
      return ['a', 'b', 'c'].map((zone) => `${context.region}${zone}`);
    default:
      throw new Error(`${context.stackName}: expected a function that is known here, given Fn::${name}`);
  }
}

/** `${Name}`, `${Resource.Attribute}` and `${!Literal}`. */
function substitute(context: Context, argument: unknown): string {
  const [text, variables] = (Array.isArray(argument) ? argument : [argument, {}]) as [
    string,
    Readonly<Record<string, unknown>>,
  ];
  return text.replace(/\$\{(!?)([^}]+)\}/g, (_whole, literal: string, name: string) => {
    if (literal !== '') return `\${${name}}`;
    if (name in variables) return String(resolveValue(context, variables[name]));
    return String(name.includes('.') ? callFunction(context, 'GetAtt', name) : resolveRef(context, name));
  });
}
