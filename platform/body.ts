/** Reads the body of a request or of a response, up to a bound. The services of this folder use it. */

/**
 * Whether a request says itself that its body has more than `maxBytes`. Refusing it before
 * it is read saves work when the bound is large. But a client that still sends its body may
 * then see a closed connection instead of the answer, so a body with a small bound is read.
 */
export function announcesMore({ headers }: Pick<Request, "headers">, maxBytes: number): boolean {
  return Number(headers.get("content-length") ?? 0) > maxBytes;
}

/** In bytes. Smaller bodies are not counted one by one: the number of requests bounds what they take together. */
const smallMax = 64 * 1024;

/**
 * The bytes of memory that the body of a request may take, before it is read. None for a small body.
 * @param maxBytes the most that is read of it
 */
export function bodyBytes(headers: { get(name: string): string | null }, maxBytes: number): number {
  // A body that does not say its size may become as large as any.
  if (headers.get("transfer-encoding") !== null) return maxBytes;
  const announced = Number(headers.get("content-length") ?? 0);
  return announced > smallMax ? Math.min(announced, maxBytes) : 0;
}

/** Yields the chunks of a body. @param tooLarge makes the error for a body of more than `maxBytes` */
export async function* boundedChunks(
  message: Pick<Request, "body">,
  maxBytes: number,
  tooLarge: () => Error,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of message.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw tooLarge();
    yield chunk;
  }
}

/**
 * Reads a whole body; a message without one has zero bytes.
 * @throws what `tooLarge` makes, when it has more than `maxBytes`
 */
export async function readBytes(
  message: Pick<Request, "body">,
  maxBytes: number,
  tooLarge: () => Error,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of boundedChunks(message, maxBytes, tooLarge)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Like `readBytes`, as text. Bytes that are not UTF-8 become replacement characters. */
export async function readText(
  message: Pick<Request, "body">,
  maxBytes: number,
  tooLarge: () => Error,
): Promise<string> {
  return new TextDecoder().decode(await readBytes(message, maxBytes, tooLarge));
}
