/** Names for operations: each is unique in the document, and a word that code generators accept. */

/** Register names have no underscore, so replacing their hyphens keeps them apart; aliases get a number on a clash. */
export function createOperationIds(): (verb: string, ...parts: readonly string[]) => string {
  const taken = new Set<string>();
  return (verb, ...parts) => {
    const wanted = [
      verb,
      ...parts.map((part) => part.replaceAll(/[^A-Za-z0-9]+/g, '_').replaceAll(/^_|_$/g, '')),
    ].join('_');
    let name = wanted;
    for (let count = 2; taken.has(name); count += 1) name = `${wanted}_${count}`;
    taken.add(name);
    return name;
  };
}
