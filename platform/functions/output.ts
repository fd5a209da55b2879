/**
 * Turns what a function prints into log lines. Length and rate of the output are bounded, so a
 * function that prints a lot does not fill our memory or the log.
 */

import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { Level, Log } from "../log.ts";
import type { FunctionLimits } from "./limits.ts";

/** Preload marks every console call with SOH and the level's first letter. After a capital, a blank follows. */
const marks: Record<string, Level> = { d: "debug", i: "info", w: "warn", e: "error" };
/** The line by which preload tells the host that the function listens, on stderr. */
export const readyLine = "\u0002ready";
/** Deno's advice on how it is started. The function's author cannot follow it. */
const noise = /^warning: Detected export default/;

export interface Output {
  /** Resolves when the function listens. */
  ready: Promise<void>;
  /** Whether V8 ended because it had no memory left. */
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

/** Calls `take` with every line. It drops the end of a line that is too long. */
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

/** Removes control characters: they could move the cursor in a terminal that shows the log. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
}

/** Passes on a limited number of messages in a time, and tells how many it dropped. */
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
    /** Tells at once how many were dropped. */
    end: startWindow,
  };
}
