/**
 * Something that is opened once for an execution environment, and anew after it failed or came to an end.
 */

/** @returns gives the same to all who ask at the same time. */
export function reopened<T extends { readonly isOver: boolean }>(open: () => Promise<T>): () => Promise<T> {
  let opening: Promise<T> | undefined;

  async function openAnew(): Promise<T> {
    try {
      return await open();
    } catch (thrown) {
      opening = undefined;
      throw thrown;
    }
  }

  return async () => {
    const opened = await opening;
    if (opened === undefined || opened.isOver) opening = openAnew();
    return opening as Promise<T>;
  };
}
