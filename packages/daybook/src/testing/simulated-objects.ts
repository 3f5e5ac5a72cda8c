/**
 * A complete model of an object storage in memory. Its objects outlive whoever writes them.
 */
import { assertListQuery, assertObjectName } from '../objects/object-name.ts';
import type { ObjectInfo, Objects } from '../objects/objects.ts';

export interface SimulatedObjects extends Objects {
  /** By name. */
  readonly contents: Map<string, Uint8Array>;
}

/** @param nowMicros Unix microseconds now. */
export function createSimulatedObjects(nowMicros: () => number): SimulatedObjects {
  const contents = new Map<string, Uint8Array>();
  const createdAt = new Map<string, number>();

  function infoOf(name: string): ObjectInfo {
    return { name, bytes: contents.get(name)?.byteLength ?? 0, createdAt: createdAt.get(name) ?? 0 };
  }

  return {
    contents,
    capabilities: {
      driver: 'simulated',
      durability: 'memory',
      durabilityProof: 'it is a model',
      shared: true,
      verified: false,
    },
    async create(name, bytes) {
      assertObjectName(name);
      if (contents.has(name)) return false;
      contents.set(name, new Uint8Array(bytes));
      createdAt.set(name, nowMicros());
      return true;
    },
    async read(name) {
      assertObjectName(name);
      const bytes = contents.get(name);
      return bytes && new Uint8Array(bytes);
    },
    async list(query) {
      assertListQuery(query);
      const { prefix, after = '', limit } = query;
      const names = [...contents.keys()].filter((name) => name.startsWith(prefix) && name > after).toSorted();
      return { objects: names.slice(0, limit).map(infoOf), more: names.length > limit };
    },
    async remove(name) {
      assertObjectName(name);
      contents.delete(name);
      createdAt.delete(name);
    },
    async probe() {},
    async close() {},
  };
}
