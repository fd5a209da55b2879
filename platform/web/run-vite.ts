/** A process that build.ts starts: it builds the web client with Vite into a folder, and ends. */
import { join } from "node:path";
import { build } from "vite";

// Everybody gets the same build, also from the tests. They set another one.
process.env.NODE_ENV = "production";
const [webDir = "", outDir = ""] = process.argv.slice(2);
const { default: config } = await import(join(webDir, "vite.config.ts"));
await build({ ...config, configFile: false, build: { ...config.build, outDir } });
