/**
 * A temporary server for the scenario notifications, with the project's migrations and the
 * settings of a production server: a commit waits for the disk. Everybody in the town has a
 * number, from 1 on, and an id that follows from it.
 */
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignJWT } from "jose";
import postgres from "postgres";
import { createLog } from "../platform/log.ts";
import { bootstrapDatabase } from "../platform/postgres/bootstrap.ts";
import { installExtensions } from "../platform/postgres/extensions.ts";
import { migrate } from "../platform/postgres/migrate.ts";
import { startServer, superuser } from "../platform/postgres/server.ts";
import { loadSecrets } from "../platform/secrets.ts";
import type { RemotePlatform } from "./platform-process.ts";

export const people = 10_001;

export interface Town extends AsyncDisposable {
  /** The database, for the superuser. */
  adminUrl: string;
  /** The database, for postgres, who may take the role of a person. */
  databaseUrl: string;
  /** The ids of people, by their numbers. */
  idOf(person: number): string;
  claimsOf(person: number): string;
}

const password = "postgres";
const log = createLog((line) => process.stderr.write(`${line}\n`), "warn");
const settings = { shared_buffers: "4GB", max_wal_size: "16GB", checkpoint_timeout: "30min" };

export async function startTown(): Promise<Town> {
  await using stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "plaza-bench-"));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  await chmod(dir, 0o711);
  const start = (durable: boolean) =>
    startServer({ dataDir: join(dir, "data"), port: 0, password, durable, log });
  const url = (port: number, role: string) => `postgresql://${role}:${password}@127.0.0.1:${port}/postgres`;
  let ids: string[];
  {
    await using server = await start(false);
    await installExtensions(server.binaries.home);
    const adminUrl = url(server.port, superuser);
    await bootstrapDatabase(adminUrl, { password, jwtExpiryS: 3600, log });
    await migrate({
      projectDir: join(import.meta.dirname, ".."),
      databaseUrl: url(server.port, "postgres"),
      homeDir: join(dir, "supabase-cli"),
      seed: false,
      env: { SEND_EMAIL_HOOK_SECRETS: (await loadSecrets(dir)).sendEmailHook },
      log,
    });
    ids = await on(adminUrl, async (sql) => {
      for (const [name, value] of Object.entries(settings))
        await sql.unsafe(`alter system set ${name} = '${value}'`);
      return populate(sql);
    });
  }
  const server = stack.use(await start(true));
  const idOf = (person: number) => ids[person - 1] as string;
  const owned = stack.move();
  return {
    adminUrl: url(server.port, superuser),
    databaseUrl: url(server.port, "postgres"),
    idOf,
    claimsOf: (person) => JSON.stringify({ sub: idOf(person), role: "authenticated", aud: "authenticated" }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Connects once, does something, and ends the connection. */
export async function on<T>(url: string, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = connect(url);
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}

/** @param role the role that every statement takes, if it is not the role of the URL */
export function connect(url: string, role?: string): postgres.Sql {
  return postgres(url, {
    max: 1,
    onnotice() {},
    connection: { statement_timeout: 600_000, ...(role ? { role } : {}) },
  });
}

/** A new post by everybody. Answers the ids of the posts, in the order of their authors' numbers. */
export async function writePosts(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql`
    with written as (
      insert into public.posts (author_id, content)
      select
        md5('person ' || n)::uuid, 'A post of ordinary length, with a #tag, for everybody who follows its author.'
      from generate_series(1, ${people}) as n
      returning id, author_id
    )
    select written.id
    from generate_series(1, ${people}) as n
    join written on written.author_id = md5('person ' || n)::uuid
    order by n`;
  return rows.map(({ id }) => String(id));
}

/** @returns a token for a person with these claims, for an hour */
export function tokenOf(claims: string, platform: RemotePlatform): Promise<string> {
  return new SignJWT(JSON.parse(claims))
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(platform.jwtSecret));
}

/** Persons 1 and 2 get many notifications, and others too (bench/notifications.sql). */
export async function fill(sql: postgres.Sql, variables: Record<string, number>): Promise<void> {
  const text = await readFile(join(import.meta.dirname, "notifications.sql"), "utf8");
  await sql.unsafe(text.replace(/(?<!:):([a-z]+)\b/g, (_, name) => String(variables[name]))).simple();
  await sql`vacuum (analyze)`;
}

/** Person 3 gets this number of followers who are notified of their posts. */
export async function ring(sql: postgres.Sql, bells: number): Promise<void> {
  await sql
    .unsafe(`
      set session_replication_role = replica;
      insert into public.profiles (id, username, created_at)
        select md5('fan ' || n)::uuid, 'fan_' || n, now() - interval '30 days' from generate_series(1, ${bells}) as n;
      insert into private.streams (user_id) select md5('fan ' || n)::uuid from generate_series(1, ${bells}) as n;
      insert into public.follows (follower_id, followee_id, notifies)
        select md5('fan ' || n)::uuid, md5('person 3')::uuid, true from generate_series(1, ${bells}) as n;
      set session_replication_role = origin;
    `)
    .simple();
  await sql`vacuum (analyze)`;
}

/** Everything that is counted beside a recount. @returns the names of the counts that differ */
export async function recount(sql: postgres.Sql): Promise<string[]> {
  await sql.unsafe("call private.deliver_waiting_notices('1 hour')");
  const rows = await sql`
    with shown as (
      select recipient_id, group_id, count(*) as members
      from private.notifications
      where withdrawn_at is null and not is_muted
      group by recipient_id, group_id
    ),
    unread as (
      select groups.recipient_id, count(*) as groups
      from private.notification_groups as groups
      join private.streams on streams.user_id = groups.recipient_id
      where private.counts(groups, streams.read_up_to)
      group by groups.recipient_id
    ),
    log as (
      select user_id, count(*) as events, max(seq) as last_seq
      from private.stream_events
      group by user_id
    )
    select 'likes of a post' as name
    from private.post_counts
    where likes <> (select count(*) from public.likes where likes.post_id = post_counts.post_id)
    union
    select 'notifications of a group'
    from private.notification_groups as groups
    full join shown using (recipient_id, group_id)
    where coalesce(groups.shown, -1) <> coalesce(shown.members, 0)
    union
    select 'unread groups'
    from private.streams
    left join unread on unread.recipient_id = streams.user_id
    where streams.unread <> coalesce(unread.groups, 0)
    union
    select 'events of a stream'
    from private.streams
    join log using (user_id)
    where log.last_seq <> streams.last_seq or log.events <> least(log.last_seq, 10000)
    union
    select 'rows that wait'
    from private.notice_queue`;
  return rows.map(({ name }) => name);
}

async function populate(sql: postgres.Sql): Promise<string[]> {
  await sql.unsafe(`
    insert into auth.users (id, instance_id, aud, role, email, raw_user_meta_data, email_confirmed_at)
      select md5('person ' || n)::uuid, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
        'person_' || n || '@example.com', jsonb_build_object('username', 'person_' || n), now() - interval '30 days'
      from generate_series(1, ${people}) as n;
    update public.profiles set created_at = now() - interval '30 days';
    update private.limits set per_minute = 1000000000, per_hour = 1000000000, per_day = 1000000000;
  `);
  const rows =
    await sql`select md5('person ' || n)::uuid as id from generate_series(1, ${people}) as n order by n`;
  return rows.map(({ id }) => id);
}
