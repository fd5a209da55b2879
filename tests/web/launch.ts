/** Starts a real Chromium: Debian's if it is there, and otherwise the one that came with `npm ci`. */
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

export async function launchBrowser(): Promise<Browser> {
  const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
  const installed = places.find(existsSync);
  // Root may not use Chromium's sandbox.
  const args = ["--no-sandbox", "--disable-dev-shm-usage"];
  if (installed) return chromium.launch({ executablePath: installed, args });
  const { default: packed } = await import("@sparticuz/chromium");
  return chromium.launch({ executablePath: await packed.executablePath(), args: [...packed.args, ...args] });
}
