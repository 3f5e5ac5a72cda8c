/**
 * The small JSON bodies of the operator's requests.
 */
import { DaybookError, toError } from '../errors.ts';

/** Ends as soon as there are more bytes than a request may have. @throws {DaybookError} ENTRY_TOO_LARGE, BODY_NOT_JSON */
export async function readJson(
  { body }: Request,
  { maxBytes, example }: { readonly maxBytes: number; readonly example: string },
): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes)
      throw new DaybookError('ENTRY_TOO_LARGE', `expected at most ${maxBytes} bytes, given more`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch (thrown) {
    // The message of the parser would repeat the body.
    throw new DaybookError('BODY_NOT_JSON', `expected a JSON document such as ${example}`, {
      cause: toError(thrown),
    });
  }
}
