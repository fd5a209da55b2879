/** Starts a real Chromium: the one that is installed, and otherwise the one that came with `npm ci`. */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const places = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** @throws Error that says what to install, if no Chromium starts here */
export async function launchBrowser(): Promise<Browser> {
  const installed = places.find(existsSync);
  // Root may not use Chromium's sandbox.
  const args = ["--no-sandbox", "--disable-dev-shm-usage"];
  if (installed) return chromium.launch({ executablePath: installed, args });
  try {
    const packed = await unpack();
    return await chromium.launch({ executablePath: packed.path, args: [...packed.args, ...args] });
  } catch (cause) {
    throw new Error(
      "No Chromium starts on this machine. Install it, for example with: apt-get install chromium",
      { cause },
    );
  }
}

/** The package unpacks itself into the folder for temporary files. This one stays for the next run. */
async function unpack(): Promise<{ path: string; args: string[] }> {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = join(import.meta.dirname, "../../node_modules/.cache/chromium");
  try {
    await mkdir(process.env.TMPDIR, { recursive: true });
    const { default: packed } = await import("@sparticuz/chromium");
    return { path: await packed.executablePath(), args: packed.args };
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
}
