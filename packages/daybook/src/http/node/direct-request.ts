/**
 * A request of the Node server whose body can be taken straight from the parser. The stream that is between the two
 * otherwise (a tick until it flows, a tick until it ends, events) costs as much as everything that Daybook does with a
 * small write.
 *
 * A body is either taken, before any of it was read, or comes through the stream; what was taken is not emitted too.
 */
import { IncomingMessage } from 'node:http';

/** Hears of a body as the parser finds it: within its calls, so nothing may be thrown. */
export interface BodyTaker {
  takeChunk(chunk: Buffer): void;
  /** The body is whole. */
  takeEnd(): void;
  /** The connection was lost before. */
  takeLoss(): void;
}

export class DirectRequest extends IncomingMessage {
  #taker: BodyTaker | undefined;

  /** To be called before the `request` event has returned: nothing has arrived until then. */
  takeBody(taker: BodyTaker): void {
    this.#taker = taker;
    // Tells Node that somebody reads, or it would throw the body away with the end of the answer.
    this._read(0);
  }

  /** What is still to come goes through the stream. */
  leaveBody(): void {
    this.#taker = undefined;
  }

  /** The parser's way to hand over a chunk, and null at the end (https://nodejs.org/api/stream.html, `readable.push`). */
  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    const taker = this.#taker;
    if (taker === undefined) return super.push(chunk, encoding);
    if (chunk !== null) taker.takeChunk(chunk);
    else {
      this.#taker = undefined;
      taker.takeEnd();
    }
    return true;
  }

  /** Called when the connection is lost. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const taker = this.#taker;
    this.#taker = undefined;
    taker?.takeLoss();
    super._destroy(error, callback);
  }
}
