/**
 * `npm test`: the linter, the type checker and all tests. It also fails if the tests leave
 * anything behind. The whole run gets its own temporary folder. The folder's name in
 * the environment also marks every process of the run. At the end the folder must be
 * empty and no marked process may be alive. Vitest gets all arguments.
 *
 * The tests use real clocks and real sockets, and a machine that does much else can make one
 * fail. So if at most five files fail, they run once more, one after the other, with the same
 * random histories. What fails then fails the run. The last lines name what failed only once.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

if (process.argv.includes("--help")) {
  console.log(
    "Usage: npm test -- [what vitest takes]\n\n" +
      "  npm test -- tests/api              only these files\n" +
      "  npm test -- --project database     only this project: parts, database, api or web\n" +
      "  npx vitest --help                  everything that vitest takes\n\n" +
      "PLAZA_SEED=N chooses the histories of the random tests. Without it the commit does.",
  );
  process.exit();
}

/** How long a process may take to stop. */
const graceMs = 15_000;

for (const step of ["lint", "types"]) {
  const [code] = await once(spawn("npm", ["run", step], { stdio: "inherit" }), "exit");
  if (code !== 0) process.exit(code ?? 1);
}

const commit = spawnSync("git", ["rev-parse", "HEAD"], { encoding: "utf8" }).stdout ?? "";
// The first 31 bits, or 1 in a folder without git.
const seed = process.env.PLAZA_SEED ?? String(Number.parseInt(commit.slice(0, 8), 16) >>> 1 || 1);
console.log(`Random tests: PLAZA_SEED=${seed}`);

const dir = await mkdtemp(join(tmpdir(), "plaza-run-"));
// Open as the system's temporary folder is. If we are root, Postgres runs as another user, and deletes there
// what it leaves when its platform is killed.
await chmod(dir, 0o1777);
const first = await runVitest(process.argv.slice(2));
const again =
  first.failedFiles.length > 0 && first.failedFiles.length <= 5 && first.code === 1
    ? await runVitest(["--maxWorkers=1", ...first.failedFiles])
    : undefined;
const left = await leftoversAfter(graceMs);
await rm(dir, { recursive: true, force: true });
if (left.length > 0) console.error(`The tests left behind:\n${left.join("\n")}`);
if (again) {
  for (const name of first.failedTests)
    console.log(
      `${again.failedTests.includes(name) ? "Failed twice" : "Failed once, and passed alone"}: ${name}`,
    );
}
const { code, failed } = again ?? first;
console.log(
  `Tests: ${first.passed + first.failed - failed} passed, ${failed} failed, ${first.skipped} skipped`,
);
process.exitCode = code === 0 && left.length > 0 ? 1 : code;

interface Outcome {
  code: number;
  passed: number;
  failed: number;
  skipped: number;
  failedFiles: string[];
  failedTests: string[];
}

/** @param words what Vitest gets besides its reporters */
async function runVitest(words: string[]): Promise<Outcome> {
  const report = join(dir, "report.json");
  const vitest = spawn(
    "vitest",
    ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...words],
    { stdio: "inherit", env: { ...process.env, TMPDIR: dir, PLAZA_SEED: seed } },
  );
  const [code] = await once(vitest, "exit");
  const found: Report = JSON.parse(await readFile(report, "utf8").catch(() => "{}"));
  await rm(report, { force: true });
  const files = (found.testResults ?? []).filter(({ status }) => status === "failed");
  return {
    code: code ?? 1,
    passed: found.numPassedTests ?? 0,
    failed: found.numFailedTests ?? 0,
    skipped: found.numPendingTests ?? 0,
    failedFiles: files.map(({ name }) => name),
    // A file that fails before its first test has no name of a test.
    failedTests: files.flatMap(({ name, assertionResults }) => {
      const names = assertionResults
        .filter(({ status }) => status === "failed")
        .map(({ fullName }) => `${relative(process.cwd(), name)}: ${fullName}`);
      return names.length > 0 ? names : [relative(process.cwd(), name)];
    }),
  };
}

/** What the reporter json of Vitest writes. */
interface Report {
  numPassedTests?: number;
  numFailedTests?: number;
  numPendingTests?: number;
  testResults?: {
    name: string;
    status: string;
    assertionResults: { fullName: string; status: string }[];
  }[];
}

async function leftoversAfter(waitMs: number): Promise<string[]> {
  const deadlineMs = Date.now() + waitMs;
  for (;;) {
    const left = [...(await files()), ...(await processes())];
    if (left.length === 0 || Date.now() > deadlineMs) return left;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Files, sockets and folders, except the caches of the tests' own tools. */
async function files(): Promise<string[]> {
  const caches = /^(node-compile-cache|\.bun-)/;
  const names = await readdir(dir);
  return names.filter((name) => !caches.test(name)).map((name) => `file ${join(dir, name)}`);
}

async function processes(): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir("/proc").catch(() => [])) {
    if (!/^\d+$/.test(pid)) continue;
    const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
    const commandLine = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replaceAll(
      "\0",
      " ",
    );
    if (environment.includes(dir) || commandLine.includes(dir)) {
      found.push(`process ${pid}: ${commandLine.slice(0, 200)}`);
    }
  }
  return found;
}
