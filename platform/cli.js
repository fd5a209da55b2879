/**
 * The npm scripts begin here. It is JavaScript for any Node, because before `npm ci` npm finds only the
 * system's Node, which may be too old for TypeScript.
 */
const [major = 0] = process.versions.node.split(".").map(Number);
if (major < 24) {
  console.error(
    "Error (not_installed): Node 24 is missing. Run npm ci, which brings it, and then npm start.",
  );
  process.exit(1);
}

/**
 * What keeps a platform small (memory.ts), and has to be known before the process starts. By default, V8's
 * young generation grows to 64 MB, and each thread gets its own heap of the C library.
 */
const small = { flags: ["--max-semi-space-size=4", "--expose-gc"], env: { MALLOC_ARENA_MAX: "2" } };

const words = process.argv.slice(2);
const starts = words.includes("start") || words.includes("reset");
const isLarge = /--memory[= ]large\b/.test(words.join(" "));
if (starts && !isLarge && !process.execArgv.includes(small.flags[0])) {
  // The same process goes on with the flags.
  const command = [process.execPath, ...small.flags, ...process.execArgv, ...process.argv.slice(1)];
  process.execve(process.execPath, command, { ...process.env, ...small.env });
}

// Keeps the modules without their types, and compiled. The next start loads them sooner, and has
// no compiler in its memory. If the folder cannot be written, everything works without it.
const { enableCompileCache } = await import("node:module");
const { fileURLToPath } = await import("node:url");
enableCompileCache(fileURLToPath(new URL("../node_modules/.cache/plaza/compiled", import.meta.url)));
const { bundledMain } = await import("./bundle.ts");
await import(bundledMain() ?? "./main.ts");
