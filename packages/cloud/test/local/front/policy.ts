/**
 * Whether a policy that an authorizer gave lets a method be called: an explicit Deny wins, what nobody allows is denied
 * ("Output from an API Gateway Lambda authorizer"; "Policy evaluation logic", IAM).
 */
import type { PolicyDocument } from 'aws-lambda';

const INVOKE = 'execute-api:Invoke';

export function isAllowed({ Statement }: PolicyDocument, methodArn: string): boolean {
  const matching = Statement.filter((statement) => {
    const { Action = [], Resource = [] } = statement as {
      readonly Action?: string | string[];
      readonly Resource?: string | string[];
    };
    return matches(Action, INVOKE) && matches(Resource, methodArn);
  });
  const effects = matching.map(({ Effect }) => Effect);
  return effects.includes('Allow') && !effects.includes('Deny');
}

/** `*` stands for any characters, `?` for one. */
function matches(patterns: string | readonly string[], text: string): boolean {
  return [patterns].flat().some((pattern) => {
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    return new RegExp(`^${source}$`, 's').test(text);
  });
}
