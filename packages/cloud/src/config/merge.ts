/**
 * Lays one configuration over another: objects key by key, everything else as a whole. What says another `kind` or
 * `mode` is another thing and takes the place of the whole object; `undefined` takes a key away.
 */

type Values = Readonly<Record<string, unknown>>;

export function isValues(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function merge(below: Values, above: Values): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const given = merged[key];
    merged[key] =
      isValues(given) && isValues(value) && !isAnother(given, value) ? merge(given, value) : value;
  }
  return merged;
}

function isAnother(below: Values, above: Values): boolean {
  return ['kind', 'mode'].some((key) => key in above && key in below && above[key] !== below[key]);
}
