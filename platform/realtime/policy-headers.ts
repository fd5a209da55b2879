/** The headers of a request that policies get to see, over the socket and over HTTP alike. */

/** The x- ones only: the rest holds keys and is nobody's business. */
export function policyHeaders(
  headers: Iterable<[string, string | string[] | undefined]>,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of headers) {
    if (name.startsWith("x-") && name !== "x-api-key" && typeof value === "string") kept[name] = value;
  }
  return kept;
}
