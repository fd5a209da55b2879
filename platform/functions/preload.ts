/**
 * Runs inside Deno, before the function's own module. It makes the process look
 * like Supabase's edge runtime and serves on the host's unix socket. The host
 * talks to it with HTTP and SIGTERM. It talks to the host with marks in its output.
 */
/** The parts of Deno that this file uses. With them it can be checked without Deno's types. */
interface ServeOptions {
  path?: string;
  onListen?(address: object): void;
  onError?(error: unknown): Response | Promise<Response>;
  signal?: AbortSignal;
  handler?: Handler;
}
interface Info {
  remoteAddr: object;
  completed: Promise<void>;
}
type Handler = (request: Request, info: Info) => Response | Promise<Response>;
declare const Deno: {
  env: {
    get(name: string): string | undefined;
    delete(name: string): void;
    toObject(): Record<string, string>;
  };
  serve(first: Handler | ServeOptions, second?: Handler): object;
  errors: { AddrInUse: new (message: string) => Error };
  mainModule: string;
  memoryUsage(): { rss: number };
  addSignalListener(signal: "SIGTERM", listener: () => void): void;
  exit(code: number): never;
};

const socketPath = Deno.env.get("PLAZA_SOCKET") as string;
const visible = new Set((Deno.env.get("PLAZA_ENV") as string).split(","));
for (const name of Object.keys(Deno.env.toObject())) {
  if (!visible.has(name)) Deno.env.delete(name);
}

const tellHost = console.error.bind(console);
markConsole();

/** The answers that are not completely sent. */
const requests = new Set<Promise<void>>();
const background = new Set<Promise<unknown>>();
Object.defineProperty(globalThis, "EdgeRuntime", {
  value: Object.freeze({
    /** Keeps the process running until the promise settles, but not beyond the host's wall clock limit. */
    waitUntil<T>(promise: Promise<T>): Promise<T> {
      const task: Promise<unknown> = Promise.resolve(promise)
        .catch((error) => console.error("Background task failed:", error))
        .finally(() => background.delete(task));
      background.add(task);
      return promise;
    },
  }),
});

// A promise that one request forgot must not end the process that other requests share.
addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  console.error("Unhandled promise rejection:", event.reason);
});

let server: object | undefined;
const serve = Deno.serve;

Deno.serve = (first, second) => {
  const options = typeof first === "function" ? {} : first;
  const handler = typeof first === "function" ? first : (second ?? first.handler);
  if (typeof handler !== "function") throw new TypeError("A handler function must be provided.");
  if (server) throw new Deno.errors.AddrInUse("A function calls Deno.serve once.");
  server = serve(
    {
      path: socketPath,
      onError: options.onError,
      signal: options.signal,
      onListen() {
        options.onListen?.({ transport: "tcp", hostname: "0.0.0.0", port: 8000 });
        // Not earlier: with a listener, a process that never serves would never end.
        Deno.addSignalListener("SIGTERM", stop);
        tellHost("\u0002ready");
      },
    },
    (request, info) => answer(request, info, handler),
  );
  return server;
};

// Fires when the function's module has run to its end, before anything else can happen.
addEventListener("load", async () => {
  if (server) return;
  const { default: exported } = await import(Deno.mainModule);
  if (typeof exported?.fetch === "function") {
    Deno.serve((request, info) => exported.fetch(request, info));
  }
});

/**
 * Ends the process when its requests and background tasks are done. The host limits how long they take, and asks
 * for signs of life until the end. So the server stays open: the host sends it no other request.
 */
async function stop(): Promise<void> {
  dispatchEvent(new CustomEvent("beforeunload", { detail: { reason: "termination" } }));
  while (requests.size + background.size > 0) await Promise.allSettled([...requests, ...background]);
  Deno.exit(0);
}

async function answer(request: Request, info: Info, handler: Handler): Promise<Response> {
  // On a unix socket Deno gives the scheme http+unix. Such a URL has no origin.
  const url = request.url.replace(/^http\+unix:/, `${request.headers.get("x-forwarded-proto") ?? "http"}:`);
  if (url.endsWith("/_internal/health") && new URL(url).pathname === "/_internal/health") {
    return Response.json({ rssBytes: Deno.memoryUsage().rss });
  }
  const done: Promise<void> = info.completed.catch(() => {}).finally(() => requests.delete(done));
  requests.add(done);
  const client = request.headers.get("x-forwarded-for")?.split(",")[0]?.trim() ?? "127.0.0.1";
  return handler(new Request(url, request), {
    remoteAddr: { transport: "tcp", hostname: client, port: 0 },
    completed: info.completed,
  });
}

/**
 * Marks every message, so the host knows its level and where a message of several lines
 * begins. All messages go to one stream, which keeps their order.
 */
function markConsole(): void {
  const levels = { debug: "d", log: "i", info: "i", warn: "w", error: "e" } as const;
  for (const [name, letter] of Object.entries(levels) as [keyof typeof levels, string][]) {
    console[name] = (...args: unknown[]) => {
      const [first = "", ...rest] = args;
      // A string at the start may have format codes for the rest. So the mark becomes part of it.
      if (typeof first === "string") tellHost(`\u0001${letter}${first}`, ...rest);
      else tellHost(`\u0001${letter.toUpperCase()}`, ...args);
    };
  }
}

export {};
