/**
 * A database with the queues, and the real parts that work on them: the edge function `jobs` on Deno, the
 * sender of pg_net, the scheduler of pg_cron. The function has the workers of `workers` below.
 */
import { cp } from "node:fs/promises";
import { join, resolve } from "node:path";
import { serve as listen } from "@hono/node-server";
import { createCron } from "../../platform/cron/index.ts";
import { silent } from "../../platform/log.ts";
import { createNet } from "../../platform/net/index.ts";
import { superuser } from "../../platform/postgres/server.ts";
import { databaseUrl } from "../../sql/tools/server.ts";
import { createDatabase, type Database } from "../database/database.ts";
import {
  type Bell,
  createBell,
  createProject,
  entry,
  type Project,
  serve,
} from "../platform/functions/project.ts";

export const root = resolve(import.meta.dirname, "../..");
export const secret = "sesame";

/** Writes a row for each errand that it does. A second row for the same mark would show. */
const workers = (bellUrl: string) => `
import { z } from "zod";
import { defineWorker } from "../_shared/jobs.ts";

const errands = defineWorker({
  queue: "errands",
  data: z.object({ mark: z.number(), mood: z.enum(["poison", "slow"]).optional() }),
  async work({ data }, sql) {
    await sql\`insert into private.errands_done (mark) values (\${data.mark})\`;
    if (data.mood === "poison") throw new Error("poison");
    if (data.mood === "slow") await (await fetch("${bellUrl}/" + Deno.pid)).text();
  },
});

export const workers = [errands];
`;

export interface Town extends AsyncDisposable {
  db: Database;
  bell: Bell;
  project: Project;
  /** Starts the function, the sender and the scheduler. All of them end with what this returns. */
  open(parts?: { net?: boolean; cron?: boolean }): Promise<Open>;
  send(mark: number, mood?: "poison" | "slow"): Promise<string>;
  /** The marks of the errands that were done, in order. */
  done(): Promise<number[]>;
}

export interface Open extends AsyncDisposable {
  url: string;
  lines: string[];
  /** Rings by hand, and waits for the work. Each has a doorbell of its own. */
  drain(queue: string, name?: string): Promise<{ done: number; failed: number; left: number }>;
}

export async function createTown(): Promise<Town> {
  const stack = new AsyncDisposableStack();
  const db = stack.use(await createDatabase());
  const bell = stack.use(await createBell());
  const project = stack.use(await createProject());
  for (const folder of ["_shared", "jobs"]) {
    await cp(join(root, "edge-functions", folder), join(project.dir, "edge-functions", folder), {
      recursive: true,
    });
  }
  await project.write("jobs/workers.ts", workers(bell.url("")));
  await db.owner`
    select pgboss.create_queue('errands', '{
      "policy": "standard", "deadLetter": "dead-letters", "retryLimit": 2, "retryDelay": 0, "expireInSeconds": 60
    }')
  `;
  await db.owner`create table private.errands_done (id bigint generated always as identity, mark integer)`;
  // The jobs of pg_cron have the name of the database that this one was copied from.
  await db.admin`update cron.job set database = ${db.name}`;
  // Every second in place of every ten, so that nobody waits.
  await db.admin`update cron.job set schedule = '1 second' where jobname = 'ring-for-waiting-jobs'`;
  await db.admin`update cron.job set active = jobname = 'ring-for-waiting-jobs'`;

  return {
    db,
    bell,
    project,
    async open({ net = true, cron = true } = {}) {
      const parts = new AsyncDisposableStack();
      const served = parts.use(
        await serve(
          project,
          { jobs: entry("jobs/index.ts"), again: entry("jobs/index.ts") },
          { env: { SUPABASE_DB_URL: db.url, JOBS_SECRET: secret } },
        ),
      );
      const server = listen({ fetch: served.functions.fetch, port: 0, hostname: "127.0.0.1" });
      await new Promise((resolve) => server.once("listening", resolve));
      parts.defer(() => void server.close());
      const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
      await db.owner`delete from vault.secrets`;
      await db.owner`
        select vault.create_secret(${`${url}/jobs`}, 'jobs_url'), vault.create_secret(${secret}, 'jobs_secret')
      `;
      if (net) parts.use(createNet({ databaseUrl: db.url, log: silent }));
      if (cron) {
        parts.use(createCron({ databaseUrl: databaseUrl(db.port, db.name, superuser), log: silent }));
      }
      return {
        url,
        lines: served.lines,
        async drain(queue, name = "jobs") {
          const [row] = await db.owner`insert into private.doorbells (queue) values (${queue}) returning id`;
          const response = await fetch(`${url}/${name}`, {
            method: "POST",
            headers: { "x-jobs-secret": secret, prefer: "wait" },
            body: JSON.stringify({ doorbell: row?.id, queue }),
          });
          if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
          return response.json();
        },
        [Symbol.asyncDispose]: () => parts.disposeAsync(),
      };
    },
    async send(mark, mood) {
      const [row] = await db.owner`
        select private.send_job('errands', ${db.owner.json(mood ? { mark, mood } : { mark })}) as id
      `;
      return row?.id;
    },
    async done() {
      const rows = await db.owner`select mark from private.errands_done order by mark, id`;
      return rows.map((row) => row.mark);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
