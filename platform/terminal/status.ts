/**
 * Prints the URLs and keys of the running platform. People get a table. Shells get the
 * lines that `supabase status -o env` prints.
 */

const groups: [title: string, rows: [label: string, name: string][]][] = [
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
];

/** @param env the names and values that `supabase status -o env` prints */
export function asTable(env: Record<string, string>): string {
  const rows = groups.flatMap(([, rows]) => rows);
  const label = Math.max(...rows.map(([text]) => text.length));
  const value = Math.max(...rows.map(([, name]) => (env[name] ?? "").length));
  const rule = (left: string, middle: string, right: string) =>
    `${left}${"─".repeat(label + 2)}${middle}${"─".repeat(value + 2)}${right}`;
  const lines = groups.flatMap(([title, rows], index) => [
    index === 0 ? rule("╭", "─", "╮") : rule("├", "┴", "┤"),
    `│ ${title.padEnd(label + value + 3)} │`,
    rule("├", "┬", "┤"),
    ...rows.map(([text, name]) => `│ ${text.padEnd(label)} │ ${(env[name] ?? "").padEnd(value)} │`),
  ]);
  return [...lines, rule("╰", "┴", "╯")].join("\n");
}

export function asEnv(env: Record<string, string>): string {
  return Object.entries(env)
    .map(([name, value]) => `${name}="${value}"`)
    .join("\n");
}
