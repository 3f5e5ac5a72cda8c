/**
 * Numbers of messages that wait for their time: a binary heap in two flat arrays, 16 bytes a message, so that a whole
 * backlog that is put back stays small in memory.
 */

export interface WaitingNumbers {
  readonly size: number;
  add(number: number, dueMs: number): void;
  /** The one that is due first. */
  first(): { readonly number: number; readonly dueMs: number } | undefined;
  dropFirst(): void;
}

export function createWaitingNumbers(): WaitingNumbers {
  const dues: number[] = [];
  const numbers: number[] = [];

  function swap(a: number, b: number): void {
    const due = dues[a] as number;
    const number = numbers[a] as number;
    dues[a] = dues[b] as number;
    numbers[a] = numbers[b] as number;
    dues[b] = due;
    numbers[b] = number;
  }

  function rise(index: number): void {
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if ((dues[parent] as number) <= (dues[index] as number)) return;
      swap(parent, index);
      index = parent;
    }
  }

  function sink(index: number): void {
    for (;;) {
      let least = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < dues.length && (dues[child] as number) < (dues[least] as number)) least = child;
      }
      if (least === index) return;
      swap(least, index);
      index = least;
    }
  }

  return {
    get size() {
      return dues.length;
    },
    add(number, dueMs) {
      dues.push(dueMs);
      numbers.push(number);
      rise(dues.length - 1);
    },
    first() {
      const dueMs = dues[0];
      return dueMs === undefined ? undefined : { number: numbers[0] as number, dueMs };
    },
    dropFirst() {
      if (dues.length === 0) return;
      swap(0, dues.length - 1);
      dues.pop();
      numbers.pop();
      sink(0);
    },
  };
}
