/**
 * The process that `turned-services.ts` starts: fauxqs as the tests of the package run it, with a clock that can be
 * turned forward, so that an hour of visibility passes in a moment. Messages are kept in memory.
 */
const realNow = Date.now.bind(Date);
let turnedMs = 0;
Date.now = () => realNow() + turnedMs;

/** Its queues look at the clock every 20 ms while somebody waits for messages. */
const LOOKS_MS = 50;

process.on('message', (message: { readonly turnMs: number }) => {
  turnedMs += message.turnMs;
  setTimeout(() => process.send?.({ turnedMs }), LOOKS_MS);
});
// The parent may be gone without a word.
process.on('disconnect', () => process.exit(0));

await import('../../../../daybook/test/support/fauxqs-process.ts');
