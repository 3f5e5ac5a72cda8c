/**
 * An object storage that is opened by the first call: a process that never needs it does not load its client.
 */
import type { Objects, ObjectsCapabilities } from './objects.ts';

/** @param open is called again after it failed. */
export function openObjectsWhenCalled(
  capabilities: ObjectsCapabilities,
  open: () => Promise<Objects>,
): Objects {
  let opening: Promise<Objects> | undefined;

  function opened(): Promise<Objects> {
    opening ??= open().catch((thrown: unknown) => {
      opening = undefined;
      throw thrown;
    });
    return opening;
  }

  return {
    capabilities,
    create: async (name, bytes) => (await opened()).create(name, bytes),
    read: async (name) => (await opened()).read(name),
    list: async (query) => (await opened()).list(query),
    remove: async (name) => (await opened()).remove(name),
    probe: async () => (await opened()).probe(),
    close: async () => (await opening?.catch(() => undefined))?.close(),
  };
}
