import { writeFileSync } from "node:fs";
import postgres from "postgres";
import { test } from "vitest";
import { databaseUrl } from "../../sql/tools/server.ts";
import { createDatabase } from "./database.ts";
test("x", async () => {
  await using db = await createDatabase();
  const notices: string[] = [];
  const sql = postgres(databaseUrl(db.port, db.name, "supabase_admin"), { max: 1, onnotice: (n) => notices.push(String(n.message)) });
  const say = (s: string) => console.log(s);
  const timed = async (name: string, work: () => Promise<unknown>) => { const t = performance.now(); const r = await work(); say(`${name}: ${(performance.now() - t).toFixed(0)} ms ${JSON.stringify(r)}`); };
  const people = 20000, posts = Number(process.env.POSTS ?? 500000);
  await sql`set session_replication_role = replica`;
  await sql`insert into auth.users (id, instance_id, aud, role, email, email_confirmed_at) select md5('p' || n)::uuid, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated', n || '@e.com', now() from generate_series(1, ${people}::int) n`;
  await sql`insert into profiles (id, username, created_at) select md5('p' || n)::uuid, 'person' || n, now() - interval '60 days' from generate_series(1, ${people}::int) n`;
  await sql`insert into private.trust (profile_id) select md5('p' || n)::uuid from generate_series(1, ${people}::int) n where n % 2 = 0`;
  const hz = Number(process.env.WEEK ?? 70000); // posts in last week
  await timed("posts", () => sql`
    insert into posts (id, author_id, content, entities, is_open)
    select private.first_id(clock_timestamp() - make_interval(secs => case when n <= ${hz}::int then n * 604800.0 / ${hz}::int else 604800 + (n - ${hz}::int) * 30000000.0 / ${posts}::int end)) + n % 4096, md5('p' || (1 + (n * 7919::bigint) % ${people}::int))::uuid,
      'Some words about a thing #tag' || floor(power(random(), 3) * 20000)::int,
      jsonb_build_array(jsonb_build_object('type', 'tag', 'field', 'content', 'start', 0, 'end', 3, 'tag', 'tag' || floor(power(random(), 3) * 20000)::int)),
      true
    from generate_series(1, ${posts}::int) n on conflict do nothing`);
  await sql`set session_replication_role = origin`;
  await sql`analyze posts, profiles, private.trust`;
  await sql`update private.trend_state set refreshed_at = now() - interval '10 minutes', closed_at = date_trunc('hour', now() - interval '10 minutes')`;
  await sql`delete from private.trend_changes`;
  await sql`insert into private.trend_changes (lane, post_id) select 'bulk', id from posts where id > private.first_id(now() - interval '168 hours')`;
  for (let left = 1, n = 0; left > 0 && n < 20; n++) await timed("refresh 20000", async () => (left = (await sql`select private.refresh_trends(now(), 20000) as left`)[0]?.left));
  say(JSON.stringify(await sql`select relname, reltuples, pg_size_pretty(pg_total_relation_size(oid)) s, (select count(*) from private.trend_uses) from pg_class where relname like 'trend_%' and relkind = 'r'`));
  const minute = async () => {
    await sql`set session_replication_role = replica`;
    await sql`with p as (insert into posts (id, author_id, content, entities, is_open, reply_to_id)
      select private.new_id(), md5('p' || (1 + floor(random() * ${people}::int)))::uuid, 'More words about it #tag' || n, 
       jsonb_build_array(jsonb_build_object('type', 'tag', 'field', 'content', 'start', 0, 'end', 3, 'tag', 'tag' || floor(power(random(), 3) * 20000)::int)), true, null
       from generate_series(1, 100) n returning id) insert into private.trend_changes (lane, post_id) select 'ordinary', id from p`;
    await sql`insert into likes (user_id, post_id) select md5('p' || (1 + floor(random() * ${people}::int)))::uuid, id from (select id from posts order by id desc limit 300) p on conflict do nothing`;
    await sql`insert into private.trend_changes (lane, post_id, profile_id) select 'ordinary', post_id, user_id from likes order by id desc limit 300`;
    await sql`set session_replication_role = origin`;
  };
  for (const analyzed of [false, true]) {
    if (analyzed) await sql`analyze posts, profiles, private.trust`;
    for (let n = 0; n < 8; n++) { await minute(); await timed("minute", async () => (await sql`select private.refresh_trends(clock_timestamp() + interval '1 second', 20000) as left`)[0]?.left); }
  }
  await timed("idle", () => sql`select private.refresh_trends(clock_timestamp() + interval '1 second', 20000) as left`);
  await minute();
  await sql.unsafe("load 'auto_explain'; set auto_explain.log_min_duration = 0; set auto_explain.log_analyze = on; set auto_explain.log_buffers = on; set auto_explain.log_nested_statements = on; set client_min_messages = log; set auto_explain.log_timing=off");
  notices.length = 0;
  await sql`select private.refresh_trends(clock_timestamp() + interval '1 second', 20000) as left`;
  await sql`set client_min_messages = notice`;
  writeFileSync("/tmp/t1-plans.txt", notices.filter((n) => !/Query Text: (return|SELECT make_interval|regexp)/.test(n)).join("\n\n"));
  // trust
  await sql`set session_replication_role = replica`;
  await sql`insert into follows (follower_id, followee_id) select md5('p' || a)::uuid, md5('p' || b)::uuid from (select distinct 1 + floor(random() * ${people}::int)::int a, 1 + floor(power(random(), 2) * ${people}::int)::int b from generate_series(1, 200000)) f where a <> b`;
  await sql`set session_replication_role = origin`;
  await sql`analyze follows`;
  await timed("trust 20k people 200k follows", () => sql`select private.refresh_trust()`);
  await sql.end();
}, 900_000);
