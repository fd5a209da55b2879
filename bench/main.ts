/**
 * `npm run bench [-- scenario …]` runs scenarios. It writes the results to
 * bench/results/<scenario>.md, with the machine and the command.
 */
import { writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";

const scenarios = [
  "startup",
  "read",
  "realtime",
  "feed",
  "budgets",
  "attack",
  "search",
  "notifications",
  "sign-ups",
  "chat",
];
const asked = process.argv.slice(2);
if (asked.some((word) => word === "--help" || word === "-h")) {
  console.log(
    `Usage: npm run bench -- [scenario …]\n\nWithout a scenario, all run. There are: ${scenarios.join(", ")}`,
  );
  process.exit();
}
const unknown = asked.filter((name) => !scenarios.includes(name));
if (unknown.length > 0) {
  console.error(`No such scenario: ${unknown.join(", ")}. There are: ${scenarios.join(", ")}`);
  process.exit(1);
}

for (const name of asked.length > 0 ? asked : scenarios) {
  const { run }: { run: () => Promise<string> } = await import(`./scenarios/${name}.ts`);
  const text = [
    `# ${name}`,
    "",
    `\`npm run bench -- ${name}\` on ${new Date().toISOString().slice(0, 10)}: ${cpus().length} × ${cpus()[0]?.model}, ` +
      `${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}.`,
    "",
    await run(),
    "",
  ].join("\n");
  console.log(text);
  await writeFile(join(import.meta.dirname, "results", `${name}.md`), text);
}
