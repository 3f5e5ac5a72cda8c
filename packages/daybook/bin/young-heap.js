/**
 * Keeps V8 from doubling the space of young objects while the program is loaded: most of what a start makes is garbage, and
 * an idle server would hold on to some 15 MB of room for it. A server lets it double again when its start is
 * over, see `main.ts`; commands stay small. Before `keepCompiledCode`, because what is kept is for one set of V8's flags.
 */
export function keepYoungHeapSmall() {
  process.getBuiltinModule('v8').setFlagsFromString('--semi-space-growth-factor=1');
}
