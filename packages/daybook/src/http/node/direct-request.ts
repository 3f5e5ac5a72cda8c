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

  /** What arrived before is handed over at once. */
  takeBody(taker: BodyTaker): void {
    const early = this.readableLength > 0 ? (this.read() as Buffer) : undefined;
    this.#taker = taker;
    if (early !== undefined) taker.takeChunk(early);
    if (this.complete && this.#taker !== undefined) {
      this.#taker = undefined;
      taker.takeEnd();
      return;
    }
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
