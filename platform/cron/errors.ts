/** Says why a run failed, in the words that pg_cron takes from libpq. */

/** The fields of the server's ErrorResponse as the driver keeps them, with some of the driver's own. */
interface ServerError {
  severity_local?: string;
  message: string;
  detail?: string;
  hint?: string;
  /** In characters, counted from 1. */
  position?: string;
  internal_position?: string;
  internal_query?: string;
  where?: string;
}

const messageMaxLength = 10_000;
/** How libpq cuts the line with the mistake, in characters. */
const line = { length: 60, afterMistake: 10 };

/**
 * @param cause what the driver threw while the command ran
 * @returns the job's return_message
 */
export function failureMessage(cause: unknown, command: string): string {
  const error = cause as ServerError;
  // An error without severity is the driver's own. The connection is gone.
  if (error.severity_local === undefined) return "connection lost";
  const notes: [name: string, text: string | undefined][] = [
    ["DETAIL", error.detail],
    ["HINT", error.hint],
    ["QUERY", error.internal_query],
    ["CONTEXT", error.where],
  ];
  const text = [
    `${error.severity_local}:  ${error.message}`,
    ...mistake(error, command),
    ...notes.filter(([, text]) => text !== undefined).map(([name, text]) => `${name}:  ${text}`),
    "",
  ].join("\n");
  return text.slice(0, messageMaxLength);
}

/** The line with the mistake, and a caret under it. */
function mistake(error: ServerError, command: string): string[] {
  const position = Number(error.position ?? error.internal_position ?? 0);
  const query = error.position === undefined ? error.internal_query : command;
  if (!position || query === undefined) return [];
  const characters = Array.from(query.replaceAll("\t", " "));
  const before = characters.slice(0, position - 1);
  const start = before.lastIndexOf("\n") + 1;
  const number = before.filter((character) => character === "\n").length + 1;
  const end = characters.indexOf("\n", start);
  const shown = characters.slice(start, end === -1 ? undefined : end);
  const at = position - 1 - start;
  let [from, to] = [0, shown.length];
  if (to > line.length) {
    to = Math.min(to, Math.max(line.length, at + line.afterMistake));
    from = to - line.length;
  }
  const prefix = `LINE ${number}: ${from > 0 ? "..." : ""}`;
  const text = shown.slice(from, to).join("");
  return [`${prefix}${text}${to < shown.length ? "..." : ""}`, `${" ".repeat(prefix.length + at - from)}^`];
}
