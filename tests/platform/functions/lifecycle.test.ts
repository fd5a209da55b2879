import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inRequest } from "../../../platform/log.ts";
import {
  type Bell,
  createBell,
  createProject,
  entry,
  isRunning,
  type Project,
  removeFolder,
  serve,
  until,
} from "./project.ts";

let project: Project;
let bell: Bell;
const toolbox = { toolbox: entry("toolbox/index.js") };

beforeAll(async () => {
  project = await createProject();
  bell = await createBell();
});

afterAll(async () => {
  await bell?.[Symbol.asyncDispose]();
  await project?.[Symbol.asyncDispose]();
});

test("many first requests at once share one process", async () => {
  await using served = await serve(project, toolbox);
  const pids = await Promise.all(Array.from({ length: 20 }, () => served.pid()));
  expect(new Set(pids).size).toBe(1);
  expect(served.lines.filter((line) => line.includes("booted"))).toHaveLength(1);
});

test("after a crash the next request is served by a new process", async () => {
  await using served = await serve(project, toolbox);
  const first = await served.pid();
  const crashed = await served.get("/toolbox/crash");
  expect(crashed.status).toBe(500);
  expect(crashed.headers.get("sb-error-code")).toBe("WORKER_ERROR");
  const second = await served.pid();
  expect(second).not.toBe(first);
  process.kill(second, "SIGKILL");
  expect(await served.pid()).not.toBe(second);
});

test("a request whose process is killed is answered with 503 and Retry-After", async () => {
  await using served = await serve(project, toolbox);
  const pid = await served.pid();
  const asked = served.get(`/toolbox/abandoned?started=${encodeURIComponent(bell.url("/killed"))}`);
  await bell.rung("/killed");
  process.kill(pid, "SIGKILL");
  const answer = await asked;
  expect(answer.status).toBe(503);
  expect(answer.headers.get("retry-after")).toBe("1");
  expect(await answer.json()).toEqual({
    code: "WORKER_LOST",
    message: "The process of the function was ended. Try again.",
  });
  expect(await served.pid()).not.toBe(pid);
});

test("a function with an unhandled rejection goes on, and the log reports it", async () => {
  await using served = await serve(project, toolbox);
  const pid = await served.pid();
  expect(await (await served.get("/toolbox/reject")).text()).toBe("fine");
  await until(() =>
    served.lines.some((line) => line.includes("Unhandled promise rejection: Error: forgotten")),
  );
  expect(await served.pid()).toBe(pid);
});

test("a process that one request started does not log in the name of that request", async () => {
  await using served = await serve(project, toolbox);
  const first = await inRequest("first", () => served.pid());
  await inRequest("second", async () => (await served.get("/toolbox/reject")).text());
  await until(() => served.lines.some((line) => line.includes("forgotten")));
  process.kill(first, "SIGKILL");
  await until(() => served.lines.some((line) => line.includes("shut down")));
  for (const said of ["forgotten", "shut down"]) {
    expect(served.lines.find((line) => line.includes(said))).not.toContain("[first]");
  }
  // The request itself is in the lines about it.
  expect(served.lines.find((line) => line.includes("booted"))).toContain("[first]");
});

test("broken code is a boot error until it is repaired", async () => {
  await project.write("mended/index.ts", "Deno.serve(() => new Response('oops'");
  await using served = await serve(project, { mended: entry("mended/index.ts") });
  const broken = await served.get("/mended");
  expect(broken.status).toBe(503);
  expect(await broken.json()).toEqual({
    code: "BOOT_ERROR",
    message: "Function failed to start (please check logs)",
  });
  expect(served.lines.some((line) => line.startsWith("error mended: error: SyntaxError"))).toBe(true);

  await project.write("mended/index.ts", "export const nothing = 'served';");
  await until(async () => {
    await served.get("/mended");
    return served.lines.some((line) => line.includes("ended before it listened"));
  });

  await project.write("mended/index.ts", "Deno.serve(() => new Response('mended'));");
  await until(async () => (await served.get("/mended")).status === 200);
  expect(await (await served.get("/mended")).text()).toBe("mended");
});

test("a function that cannot start is not started again for every request", async () => {
  await project.write("hopeless/index.ts", "throw new Error('hopeless');");
  await using served = await serve(project, { hopeless: entry("hopeless/index.ts") });
  for (let i = 0; i < 20; i++) {
    const response = await served.get("/hopeless");
    expect(response.status).toBe(503);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
  }
  const starts = served.lines.filter((line) => line.includes("boot failed")).length;
  expect(starts).toBeGreaterThan(0);
  expect(starts).toBeLessThan(10);
});

test("a request gets changed code, also of _shared; requests that run already end on the old code", async () => {
  await project.write("_shared/word.ts", "export const word = 'one';");
  await project.write(
    "changing/index.ts",
    `import { word } from "../_shared/word.ts";
     Deno.serve(async (request) => {
       const wait = new URL(request.url).searchParams.get("wait");
       if (wait) await (await fetch(wait)).text();
       return new Response(word);
     });`,
  );
  await using served = await serve(project, { changing: entry("changing/index.ts") });
  const word = async () => (await served.get("/changing")).text();
  expect(await word()).toBe("one");

  const slow = served.get(`/changing?wait=${encodeURIComponent(bell.url("/changing"))}`);
  await bell.rung("/changing");
  await project.write("_shared/word.ts", "export const word = 'two';");
  await until(async () => (await word()) === "two");
  bell.answer("/changing");
  expect(await (await slow).text()).toBe("one");
  await until(() => served.lines.some((line) => line.includes("shut down: stopped")));
});

test("a background task finishes even if its process is replaced", async () => {
  await using served = await serve(project, toolbox);
  const pid = await served.pid();
  const [wait, then] = ["/task", "/task-done"].map((path) => encodeURIComponent(bell.url(path)));
  const response = await served.get(`/toolbox/later?wait=${wait}&then=${then}`);
  expect(await response.text()).toBe("accepted");
  await bell.rung("/task");
  await project.write("toolbox/changed.js", "// Anything in the folder counts.");
  await until(async () => (await served.pid()) !== pid);
  expect(await isRunning(pid)).toBe(true);
  bell.answer("/task");
  await bell.rung("/task-done");
  bell.answer("/task-done");
  await until(async () => !(await isRunning(pid)));
});

test("a process without requests is stopped after a while and started again when needed", async () => {
  await using served = await serve(project, toolbox, { limits: { idleStopMs: 50 } });
  const pid = await served.pid();
  await until(async () => !(await isRunning(pid)));
  expect(await served.pid()).not.toBe(pid);
});

test("a function that does not answer in time is a 504, and other functions are still served", async () => {
  await using served = await serve(project, toolbox, {
    limits: { idleTimeoutMs: 2_000, stopTimeoutMs: 100 },
  });
  const pid = await served.pid();
  const response = await served.get("/toolbox/never");
  expect(response.status).toBe(504);
  expect(await response.json()).toEqual({
    code: "IDLE_TIMEOUT",
    message: "Request idle timeout limit (2s) reached",
  });
  expect(await served.pid()).toBe(pid);
});

test("a request that lasts longer than the wall clock limit is cut off", async () => {
  await using served = await serve(project, toolbox, { limits: { wallClockMs: 2_000, stopTimeoutMs: 100 } });
  const unanswered = await served.get("/toolbox/never");
  expect(unanswered.status).toBe(546);
  expect((await unanswered.json()).code).toBe("WORKER_RESOURCE_LIMIT");
  const half = await served.get(`/toolbox/stream?wait=${encodeURIComponent(bell.url("/never-answered"))}`);
  expect(half.status).toBe(200);
  await expect(half.text()).rejects.toThrow();
});

test("a function that blocks the processor is ended", async () => {
  await using served = await serve(project, toolbox, { limits: { unresponsiveMs: 2_000 } });
  const pid = await served.pid();
  const response = await served.get("/toolbox/spin");
  expect(response.status).toBe(546);
  expect((await response.json()).code).toBe("WORKER_RESOURCE_LIMIT");
  expect(await isRunning(pid)).toBe(false);
  expect(await served.pid()).not.toBe(pid);
});

test("a background task that blocks or takes memory is ended too, also when its process has to stop", async () => {
  for (const [tool, limits, words] of [
    ["hoard-later", { memoryMb: 64 }, "Memory limit exceeded"],
    ["spin-later", { unresponsiveMs: 1_000, idleStopMs: 50 }, "CPU time exceeded"],
  ] as const) {
    await using served = await serve(project, toolbox, { limits });
    const pid = await served.pid();
    expect(await (await served.get(`/toolbox/${tool}`)).text()).toBe("accepted");
    await until(async () => !(await isRunning(pid)));
    expect(served.lines.join("\n")).toContain(words);
  }
});

test("a function that blocks has no more memory than others", async () => {
  await using served = await serve(project, toolbox, { limits: { memoryMb: 64 } });
  expect((await served.get("/toolbox/hoard-blocked")).status).toBe(546);
  expect(served.lines.join("\n")).toContain("Memory limit exceeded");
});

test.each(["hoard", "hoard-buffers"])("a function that uses up its memory is ended (%s)", async (tool) => {
  await using served = await serve(project, toolbox, { limits: { memoryMb: 64 } });
  const pid = await served.pid();
  const response = await served.get(`/toolbox/${tool}`);
  expect(response.status).toBe(546);
  expect((await response.json()).code).toBe("WORKER_RESOURCE_LIMIT");
  expect(await isRunning(pid)).toBe(false);
  expect(await served.pid()).not.toBe(pid);
});

test("requests over the limit wait for their turn, and those that do not fit in the queue are refused", async () => {
  await using served = await serve(project, toolbox, { limits: { concurrentMax: 1, queuedMax: 1 } });
  const slow = served.get(`/toolbox/stream?wait=${encodeURIComponent(bell.url("/turn"))}`);
  await bell.rung("/turn");
  const queued = served.get("/toolbox/status?code=200");
  const refused = await served.get("/toolbox/status?code=200");
  expect(refused.status).toBe(546);
  expect(refused.headers.get("retry-after")).toBe("1");
  bell.answer("/turn");
  expect(await (await slow).text()).toBe("first second");
  expect((await queued).status).toBe(200);
});

test("mallory's slow requests keep neither bob nor the platform's own calls out", async () => {
  await using served = await serve(project, toolbox, { limits: { concurrentMax: 8, queuedMax: 9 } });
  const slow = `/toolbox/stream?wait=${encodeURIComponent(bell.url("/slow"))}`;
  const from = (client: string) => ({ headers: { "x-forwarded-for": client } });
  const [first, second, third] = [1, 2, 3].map(() => served.get(slow, from("203.0.113.66")));
  let isServed = false;
  void third?.then(() => {
    isServed = true;
  });
  const answers = [await first, await second];
  expect((await served.get("/toolbox/status?code=200", from("203.0.113.7"))).status).toBe(200);
  expect((await served.get("/toolbox/status?code=200")).status).toBe(200);
  expect(isServed).toBe(false);
  bell.answer("/slow");
  for (const answer of answers) expect(await answer?.text()).toBe("first second");
  expect((await third)?.status).toBe(200);
});

test("dispose ends every process, even one that hangs, and leaves no folder", async () => {
  const served = await serve(
    project,
    { ...toolbox, other: entry("toolbox/index.js") },
    { limits: { stopTimeoutMs: 500 } },
  );
  const pids = [await served.pid(), await served.pid("other")];
  const folders = [await served.folder(), await served.folder("other")];
  for (const folder of folders) expect(existsSync(`${folder}/http`)).toBe(true);
  const spinning = served.get("/other/spin");
  await served[Symbol.asyncDispose]();
  await spinning;
  for (const pid of pids) expect(await isRunning(pid)).toBe(false);
  for (const folder of folders) expect(existsSync(folder)).toBe(false);
  expect((await served.get("/toolbox/pid")).status).toBe(404);
});

test("when the platform is killed, its functions end too, even one in an endless loop", async () => {
  const owner = spawn(process.execPath, [fileURLToPath(new URL("./owner.ts", import.meta.url))], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await owner.stdout.take(1).toArray()) as Buffer[];
  const told: { project: string; folders: string[]; pids: number[] } = JSON.parse(String(line));
  try {
    for (const pid of told.pids) expect(await isRunning(pid)).toBe(true);
    for (const folder of told.folders) expect(existsSync(folder)).toBe(true);
    owner.kill("SIGKILL");
    for (const pid of told.pids) await until(async () => !(await isRunning(pid)));
    for (const folder of told.folders) await until(() => !existsSync(folder));
  } finally {
    owner.kill("SIGKILL");
    await removeFolder(told.project);
  }
});
