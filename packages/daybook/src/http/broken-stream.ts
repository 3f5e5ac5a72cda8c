/**
 * A body that breaks after the answer has begun: the status was sent, so all that is left to tell the client is that the
 * connection ends before the body does. The adapter to Node would print what the body failed with, and send it.
 */

/**
 * @param onBreak tells the cause to whoever must know and cuts the connection; false where there is none to cut: then
 *   the body fails for its reader.
 * @returns the same body; of one that breaks what came before.
 */
export function whenBroken(
  body: ReadableStream<Uint8Array>,
  onBreak: (cause: unknown) => boolean,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let cancelled = false;

  async function pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    let part: Awaited<ReturnType<typeof reader.read>>;
    try {
      part = await reader.read();
    } catch (cause) {
      if (cancelled) return;
      if (onBreak(cause)) controller.close();
      else controller.error(cause);
      return;
    }
    // Whoever read this has gone while the next part was on its way.
    if (cancelled) return;
    if (part.done) controller.close();
    else controller.enqueue(part.value);
  }

  return new ReadableStream<Uint8Array>(
    {
      pull,
      cancel(reason) {
        cancelled = true;
        return reader.cancel(reason);
      },
    },
    // Nothing is read ahead of the one who reads this.
    { highWaterMark: 0 },
  );
}
