/**
 * `npm run bench [-- scenario … [--option value …]]` runs scenarios. It writes the results to
 * bench/results/<scenario>.md, with the machine and the command. `--help` says which scenarios have options.
 */
import { writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { basename, join } from "node:path";

interface Scenario {
  run(options: string[]): Promise<string>;
  /** The name of the file with the results, if it depends on the options. */
  resultOf?(options: string[]): string;
}

const scenarios = [
  "startup",
  "read",
  "requests",
  "realtime",
  "feed",
  "budgets",
  "attack",
  "search",
  "notifications",
  "sign-ups",
  "chat",
  "trend-refresh",
  "trust",
  "suggestion-speed",
  "suggestion-reading",
  "web",
];
/** These need options, so they run only when somebody names them. */
const named = ["trends", "suggestions", "suggestion-lists"];
const words = process.argv.slice(2);
const options = words.slice(words.findIndex((word) => word.startsWith("-")) >>> 0);
const asked = words.slice(0, words.length - options.length);
if (options.some((word) => word === "--help" || word === "-h")) {
  console.log(
    `Usage: npm run bench -- [scenario …]\n\nWithout a scenario, all run. There are: ${scenarios.join(", ")}\n` +
      "And: requests, feed, startup [--before DIR]\n     trends --series FILE --windows FILE\n     suggestions --graph FILE [--directed] [--no-rounds]\n     suggestion-lists --graph FILE [--directed]",
  );
  process.exit();
}
const unknown = asked.filter((name) => !scenarios.includes(name) && !named.includes(name));
if (unknown.length > 0) {
  console.error(`No such scenario: ${unknown.join(", ")}. There are: ${[...scenarios, ...named].join(", ")}`);
  process.exit(1);
}

for (const name of asked.length > 0 ? asked : scenarios) {
  const { run, resultOf }: Scenario = await import(`./scenarios/${name}.ts`);
  const text = [
    `# ${name}`,
    "",
    `\`npm run bench -- ${[name, ...options.map((word) => basename(word))].join(" ")}\` on ${new Date().toISOString().slice(0, 10)}: ${cpus().length} × ${cpus()[0]?.model}, ` +
      `${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}.`,
    "",
    await run(options),
    "",
  ].join("\n");
  console.log(text);
  await writeFile(join(import.meta.dirname, "results", `${resultOf?.(options) ?? name}.md`), text);
}
