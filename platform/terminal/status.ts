/**
 * Prints the URLs and keys of the running platform. People get a table. Shells get the
 * lines that `supabase status -o env` prints.
 */

const groups: [title: string, rows: [label: string, name: string][]][] = [
  ["Plaza", [["Web client", "SITE_URL"]]],
  [
    "APIs",
    [
      ["Project URL", "API_URL"],
      ["REST", "REST_URL"],
      ["Edge Functions", "FUNCTIONS_URL"],
    ],
  ],
  ["Database", [["URL", "DB_URL"]]],
  ["Development", [["Mail inbox", "MAILPIT_URL"]]],
  [
    "Authentication keys",
    [
      ["Publishable", "PUBLISHABLE_KEY"],
      ["Secret", "SECRET_KEY"],
    ],
  ],
  [
    "People of the seed",
    [
      ["Sign in as", "SEED_EMAILS"],
      ["Password", "SEED_PASSWORD"],
    ],
  ],
];

/** A list of values goes on in the next line. A single value stays whole, so that it can be copied. */
const lineMaxChars = 60;

/**
 * @param env the names and values that `supabase status -o env` prints. A group that has none of
 *   its values is left out
 */
export function asTable(env: Record<string, string>): string {
  const shown = groups
    .filter(([, rows]) => rows.some(([, name]) => env[name] !== undefined))
    .map(([title, rows]) => ({
      title,
      lines: rows.flatMap(([label, name]) => linesOf(label, env[name] ?? "")),
    }));
  const lines = shown.flatMap((group) => group.lines);
  const left = Math.max(...lines.map(([label]) => label.length));
  const right = Math.max(...lines.map(([, value]) => value.length));
  const rule = (start: string, middle: string, end: string) =>
    `${start}${"─".repeat(left + 2)}${middle}${"─".repeat(right + 2)}${end}`;
  const drawn = shown.flatMap(({ title, lines }, index) => [
    index === 0 ? rule("╭", "─", "╮") : rule("├", "┴", "┤"),
    `│ ${title.padEnd(left + right + 3)} │`,
    rule("├", "┬", "┤"),
    ...lines.map(([label, value]) => `│ ${label.padEnd(left)} │ ${value.padEnd(right)} │`),
  ]);
  return [...drawn, rule("╰", "┴", "╯")].join("\n");
}

function linesOf(label: string, value: string): [label: string, value: string][] {
  const lines: string[] = [];
  for (const part of value.split(/(?<=, )/)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + part.length > lineMaxChars) lines.push(part);
    else lines[lines.length - 1] = last + part;
  }
  return lines.map((line, index) => [index === 0 ? label : "", line.trimEnd()]);
}

export function asEnv(env: Record<string, string>): string {
  return Object.entries(env)
    .map(([name, value]) => `${name}="${value}"`)
    .join("\n");
}
