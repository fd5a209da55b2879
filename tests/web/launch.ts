/** Starts a real Chromium: the one that is installed, and otherwise the one that came with `npm ci`. */
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
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
    return await chromium.launch({ executablePath: await unpack(), args });
  } catch (cause) {
    throw new Error(
      "No Chromium starts on this machine. Install it, for example with: apt-get install chromium",
      { cause },
    );
  }
}

/** Where it stays for the next run. The package would unpack itself into the folder for temporary files. */
const place = join(import.meta.dirname, "../../node_modules/.cache/chromium");

/** It appears complete or not at all: two test files may start at once, and a program that is still written cannot start. */
async function unpack(): Promise<string> {
  if (!existsSync(place)) {
    const draft = `${place}.${process.pid}`;
    await unpackInto(draft);
    await rename(draft, place).catch(async (error) => {
      await rm(draft, { recursive: true, force: true });
      // Another process was faster.
      if (!existsSync(place)) throw error;
    });
  }
  return unpackInto(place);
}

/** @returns the path of the program. It keeps the files that are there already */
async function unpackInto(dir: string): Promise<string> {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = dir;
  try {
    await mkdir(dir, { recursive: true });
    const { default: packed } = await import("@sparticuz/chromium");
    return await packed.executablePath();
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
}
