/**
 * A database with the extension, a worker on it, and a web server that keeps what it gets. Each test has
 * its own.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import postgres, { type Sql } from "postgres";
import { onTestFinished, vi } from "vitest";
import { createLog } from "../../../platform/log.ts";
import { createNet, type NetLimits } from "../../../platform/net/index.ts";
import { createDatabase, type SupabaseServer, urlOf } from "../postgres/supabase-server.ts";

/** The limit for a test that hangs. The conditions come true much sooner. */
export const patience = { timeout: 20_000, interval: 20 };

export interface Arrival {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}

export interface Web {
  url: string;
  /** The requests that arrived, in that order. */
  arrivals: Arrival[];
  paths(): string[];
  /** The most requests that were unanswered at the same time. */
  most(): number;
}

/** What the server answers. By default status 200 and the text "ok". It may answer later or never. */
export type Answer = (request: Arrival, response: ServerResponse, incoming: IncomingMessage) => void;

export async function createWeb(answer: Answer = (_, response) => response.end("ok")): Promise<Web> {
  const arrivals: Arrival[] = [];
  let unanswered = 0;
  let most = 0;
  const server = createServer(async (incoming, response) => {
    unanswered++;
    most = Math.max(most, unanswered);
    response.once("close", () => unanswered--);
    const pieces: Buffer[] = [];
    try {
      for await (const piece of incoming) pieces.push(piece);
    } catch {
      return;
    }
    const headers: Record<string, string> = {};
    const { rawHeaders } = incoming;
    for (let at = 0; at < rawHeaders.length; at += 2)
      headers[rawHeaders[at] ?? ""] = rawHeaders[at + 1] ?? "";
    const arrival = {
      method: incoming.method ?? "",
      path: incoming.url ?? "",
      headers,
      body: Buffer.concat(pieces).toString(),
    };
    arrivals.push(arrival);
    answer(arrival, response, incoming);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrivals,
    paths: () => arrivals.map(({ path }) => path),
    most: () => most,
  };
}

export interface StoredResponse {
  id: string;
  status_code: number | null;
  content_type: string | null;
  headers: Record<string, string> | null;
  content: string | null;
  timed_out: boolean | null;
  error_msg: string | null;
  created: Date;
}

export interface Town {
  database: string;
  /** The address for the role postgres, which the worker gets. */
  url: string;
  admin: Sql;
  /** As the role postgres. */
  owner: Sql;
  /** The lines that the worker logged. */
  lines: string[];
  /** Starts a worker. It ends with the test, if not before. */
  start(limits?: Partial<NetLimits>): AsyncDisposable;
  /** Queues a GET. @returns its id */
  get(url: string, timeoutMs?: number): Promise<string>;
  /** Waits for the response of this request. */
  response(id: string): Promise<StoredResponse>;
  /** The ids of the requests in the queue. */
  queue(): Promise<string[]>;
  /** The sessions of workers. */
  workers(): Promise<number>;
}

export async function createTown(
  server: SupabaseServer,
  name: string,
  { extension = true } = {},
): Promise<Town> {
  const database = await createDatabase(server, name);
  const url = urlOf(server, "postgres", database);
  const open = (user: string) => {
    const sql = postgres(urlOf(server, user, database), { max: 2, onnotice() {} });
    onTestFinished(() => sql.end({ timeout: 1 }));
    return sql;
  };
  const admin = open("supabase_admin");
  const owner = open("postgres");
  await admin.unsafe(`grant create on database ${database} to postgres`);
  if (extension) await owner.unsafe("create extension pg_net");

  const lines: string[] = [];
  return {
    database,
    url,
    admin,
    owner,
    lines,
    start(limits) {
      const log = createLog((line) => lines.push(line), "debug");
      const net = createNet({ databaseUrl: url, log: log.child("net"), limits });
      let ended: Promise<void> | undefined;
      const end = () => {
        ended ??= Promise.resolve(net[Symbol.asyncDispose]());
        return ended;
      };
      onTestFinished(end);
      return { [Symbol.asyncDispose]: end };
    },
    async get(address, timeoutMs = 5000) {
      const [row] = await owner`select net.http_get(${address}, timeout_milliseconds => ${timeoutMs}) as id`;
      return row?.id;
    },
    response: (id) =>
      vi.waitFor(async () => {
        const [found] = await owner<StoredResponse[]>`select * from net._http_response where id = ${id}`;
        if (!found) throw new Error(`no response for ${id}; the worker says:\n${lines.join("\n")}`);
        return found;
      }, patience),
    async queue() {
      const rows = await owner`select id from net.http_request_queue order by id`;
      return rows.map((row) => row.id);
    },
    async workers() {
      const [row] = await admin`
        select count(*)::integer as count
        from pg_stat_activity
        where datname = ${database} and application_name = 'pg_net'
      `;
      return row?.count;
    },
  };
}
