/**
 * The names of a deployment behind CloudFront: one for people, one for callers of the API, one for files. All three lead
 * to the same distribution.
 */

export function apiName(name: string): string {
  return `api.${name}`;
}

function filesName(name: string): string {
  return `cdn.${name}`;
}

export function cdnNames(name: string): readonly string[] {
  return [name, apiName(name), filesName(name)];
}
