/**
 * A configuration that cannot be used, in one line for the operator: the key, what was expected, what was given.
 */
import type { z } from 'zod';

import { isValues } from './merge.ts';
import { show } from './show.ts';

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** @param given what was parsed. */
export function faultOf(issue: z.core.$ZodIssue, given: unknown): string {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys')
    return `${[...path, issue.keys[0]].join('.')}: expected a key of the configuration, given an unknown one`;
  const key = path.join('.') || 'configuration';
  const value = issue.path.reduce<unknown>((at, step) => {
    if (Array.isArray(at)) return (at as unknown[])[Number(step)];
    return isValues(at) ? at[String(step)] : undefined;
  }, given);
  if (issue.code === 'invalid_union') {
    const inner = innermost(issue, value);
    if (inner !== undefined) return [...path, inner].join('.');
  }
  // The schema's own messages say both.
  if (/^expected .*, given /.test(issue.message)) return `${key}: ${issue.message}`;
  return `${key}: expected ${expectedBy(issue)}, given ${show(value)}`;
}

/** Of the forms that were tried, the one that knew most of the keys tells what is wrong inside. */
function innermost(issue: z.core.$ZodIssueInvalidUnion, value: unknown): string | undefined {
  if (!isValues(value)) return undefined;
  const [closest] = issue.errors.toSorted((a, b) => faultsOutside(a) - faultsOutside(b));
  const [first] = closest ?? [];
  return first === undefined || first.path.length === 0 ? undefined : faultOf(first, value);
}

/** Of the form itself, not of what is in it. */
function faultsOutside(issues: readonly z.core.$ZodIssue[]): number {
  return issues.filter(({ path }) => path.length === 0).length;
}

function expectedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return NAMES[issue.expected] ?? `a ${issue.expected}`;
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_union': {
      const forms = issue.errors.flatMap(([first]) => (first === undefined ? [] : [formOf(first)]));
      return [...new Set(forms)].join(' or ') || 'another value';
    }
    case 'too_small':
      return issue.origin === 'array' ? `at least ${issue.minimum}` : `more than ${issue.minimum}`;
    case 'too_big':
      return `at most ${issue.maximum}`;
    case 'invalid_format':
      return issue.format === 'email' ? 'an e-mail address' : 'an https URL';
    default:
      return issue.message;
  }
}

function formOf(issue: z.core.$ZodIssue): string {
  return issue.code === 'unrecognized_keys' ? 'other keys' : expectedBy(issue);
}

const NAMES: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  record: 'an object',
  boolean: 'true or false',
  string: 'text',
};
