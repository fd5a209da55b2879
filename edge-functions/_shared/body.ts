/**
 * Reads the body of a request, up to a bound. It keeps nothing of a longer body.
 * platform/body.ts does the same for the services of the platform. This copy is apart
 * because functions are deployed without platform/.
 */

/** @returns the text, or undefined if it is longer than `maxBytes` */
export async function readText(request: Request, maxBytes: number): Promise<string | undefined> {
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) {
    await request.body?.cancel();
    return undefined;
  }
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
