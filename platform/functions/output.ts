/**
 * Turns what a function prints into log lines. Output is bounded in length and
 * rate, so that a chatty function neither grows our memory nor drowns the log.
 */

import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { Level, Log } from "../log.ts";
import type { FunctionLimits } from "./limits.ts";

/** Preload marks every console call: SOH, then the level's first letter (upper case: a blank follows). */
const marks: Record<string, Level> = { d: "debug", i: "info", w: "warn", e: "error" };
/** Preload's own word to the host, on stderr. */
export const readyLine = "\u0002ready";
/** Deno's advice about how we start it, which means nothing to the function's author. */
const noise = /^warning: Detected export default/;

export interface Output {
  /** Resolves when the function listens. */
  ready: Promise<void>;
  /** Whether V8 gave up for want of memory. */
  outOfMemory(): boolean;
}

export function readOutput(
  streams: { stdout: Readable; stderr: Readable },
  log: Log,
  limits: Pick<FunctionLimits, "logLineMaxChars" | "logLinesMax" | "logWindowMs">,
): Output {
  const limiter = limited(log, limits);
  let outOfMemory = false;
  const { promise: ready, resolve } = Promise.withResolvers<void>();

  const read = (stream: Readable, unmarked: Level) => {
    let level = unmarked;
    eachLine(stream, limits.logLineMaxChars, (line) => {
      if (line === readyLine) return resolve();
      if (noise.test(line)) return;
      if (/out of memory/i.test(line)) outOfMemory = true;
      let text = line;
      if (line.startsWith("\u0001")) {
        const mark = line.charAt(1);
        level = marks[mark.toLowerCase()] ?? unmarked;
        text = line.slice(mark === mark.toUpperCase() ? 3 : 2);
      } else if (line.startsWith("error: ")) {
        level = "error";
      }
      limiter.write(level, printable(text));
    });
  };
  read(streams.stdout, "info");
  read(streams.stderr, "error");
  streams.stderr.once("close", limiter.end);
  return { ready, outOfMemory: () => outOfMemory };
}

/** Calls back with every line; the part of a line beyond the limit is dropped. */
function eachLine(stream: Readable, maxChars: number, take: (line: string) => void): void {
  const decoder = new StringDecoder("utf8");
  let line = "";
  const feed = (text: string) => {
    const parts = text.split("\n");
    const rest = parts.pop() as string;
    for (const part of parts) {
      take(line + part.slice(0, maxChars - line.length));
      line = "";
    }
    line += rest.slice(0, maxChars - line.length);
  };
  stream.on("data", (chunk: Buffer) => feed(decoder.write(chunk)));
  stream.once("end", () => {
    if (line) take(line);
  });
}

/** Control characters could move the cursor of whoever reads the log. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
}

/** Passes on so many messages in a time and tells how many it kept back. */
function limited(log: Log, limits: Pick<FunctionLimits, "logLinesMax" | "logWindowMs">) {
  let windowEndsMs = 0;
  let written = 0;
  const startWindow = () => {
    const dropped = written - limits.logLinesMax;
    if (dropped > 0) log("warn", `${dropped} lines dropped: more than ${limits.logLinesMax} at a time`);
    windowEndsMs = Date.now() + limits.logWindowMs;
    written = 0;
  };
  return {
    write(level: Level, message: string) {
      if (Date.now() >= windowEndsMs) startWindow();
      if (written++ < limits.logLinesMax) log(level, message);
    },
    /** Tells now. */
    end: startWindow,
  };
}
