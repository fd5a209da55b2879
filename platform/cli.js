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
await import("./main.ts");
