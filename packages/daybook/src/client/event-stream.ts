/**
 * A parser of server-sent events (WHATWG HTML, "9.2.6 Interpreting an event stream"), without its browser parts:
 * text in, whole events out. What follows the last blank line is never an event, so one cut off by a lost connection
 * does not count.
 */
export interface ServerSentEvent {
  /** The last id seen, in this event or before. */
  readonly id: string | undefined;
  /** `message` unless named. */
  readonly event: string;
  /** Undefined when the block had no data: it still moves `id`. */
  readonly data: string | undefined;
}

export interface EventStreamParser {
  /** Feeds a piece of the stream, cut anywhere. Returns the events that it completed. */
  push(text: string): ServerSentEvent[];
  /** What the server last asked for with `retry:`. */
  readonly retryMs: number | undefined;
}

export function createEventStreamParser(): EventStreamParser {
  let rest = '';
  let atStart = true;
  let id: string | undefined;
  let retryMs: number | undefined;
  let event = '';
  let data: string[] = [];
  let touched = false;

  function takeField(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return; // A comment.
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (name === 'data') data.push(value);
    else if (name === 'event') event = value;
    else if (name === 'id' && !value.includes('\0')) id = value;
    else if (name === 'retry' && /^\d+$/.test(value)) retryMs = Number(value);
    touched ||= name === 'data' || name === 'id';
  }

  function endBlock(): ServerSentEvent | undefined {
    const ended = touched
      ? { id, event: event || 'message', data: data.length === 0 ? undefined : data.join('\n') }
      : undefined;
    event = '';
    data = [];
    touched = false;
    return ended;
  }

  return {
    push(text) {
      if (atStart && text !== '') {
        atStart = false;
        rest = text.startsWith('\u{feff}') ? text.slice(1) : text;
      } else {
        rest += text;
      }
      // A CR at the very end may be half of a CR LF: it waits for what follows.
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? '';
      const events: ServerSentEvent[] = [];
      for (const line of lines) {
        if (line !== '') takeField(line);
        else {
          const ended = endBlock();
          if (ended !== undefined) events.push(ended);
        }
      }
      return events;
    },
    get retryMs() {
      return retryMs;
    },
  };
}
