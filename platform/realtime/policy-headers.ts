/** The headers of a request that policies may read. The same for sockets and for HTTP. */

/** Keeps only headers that begin with x-. The others may hold keys. */
export function policyHeaders(
  headers: Iterable<[string, string | string[] | undefined]>,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of headers) {
    if (name.startsWith("x-") && name !== "x-api-key" && typeof value === "string") kept[name] = value;
  }
  return kept;
}
