/** People who use every service at the same time, and what they are answered. */
import { setTimeout as sleep } from "node:timers/promises";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Town } from "./town.ts";

/** Nobody should wait longer for an answer. */
export const patienceMs = 15_000;

export interface Load {
  /** How many answers each service gave, by status. `rest 200`: 17. Realtime's are those of a join. */
  counts: Record<string, number>;
  /** Answers that no client should get, and requests without an answer. */
  problems: string[];
  slowestMs: number;
  /** The posts whose insert was answered with 201. */
  posts: string[];
  stop(): Promise<void>;
}

const password = "plaza-demo";
const pauseMs = 20;
/** More would only fill the report. */
const problemsMax = 20;

export async function startLoad(town: Town): Promise<Load> {
  const load: Load = { counts: {}, problems: [], slowestMs: 0, posts: [], stop };
  let going = true;
  const recorded = recorder(load);
  const client = (key: string): SupabaseClient =>
    createClient(town.url, key, {
      auth: { persistSession: false, autoRefreshToken: false },
      global: { fetch: recorded },
    });

  const names = ["alice", "bob", "carol", "dave"];
  const people = await Promise.all(
    names.map(async (name) => {
      const person = client(town.publishableKey);
      const { error, data } = await person.auth.signInWithPassword({
        email: `${name}@example.com`,
        password,
      });
      if (error) throw error;
      return { person, id: data.user.id, name };
    }),
  );
  const service = client(town.secretKey);
  const alice = people[0] as (typeof people)[number];

  const jobs: (() => PromiseLike<unknown>)[] = [
    ...people.map(
      ({ person }) =>
        () =>
          person.rpc("home_feed"),
    ),
    ...people.map(
      ({ person }) =>
        () =>
          person.from("posts").select("id, content, author:profiles!author_id(username)").limit(20),
    ),
    async () => {
      const row = { author_id: alice.id, content: "Is anybody there?" };
      const { data } = await service.from("posts").insert(row).select("id").single();
      if (data) load.posts.push(String(data.id));
    },
    () => alice.person.auth.getUser(),
    () => alice.person.auth.refreshSession(),
    () => client(town.publishableKey).auth.signInWithPassword({ email: "bob@example.com", password }),
    () =>
      client(town.publishableKey).auth.signUp({
        email: `${crypto.randomUUID()}@example.com`,
        password: "correct horse battery",
      }),
    () => recorded(`${town.url}/functions/v1/own-connection`, {}),
    () => recorded(`${town.url}/functions/v1/own-connection`, {}),
    async () => count(load, `realtime ${await join(alice.person)}`),
  ];
  // Somebody listens, so that Realtime has changes to judge.
  const listener = people[1] as (typeof people)[number];
  listener.person
    .channel("posts")
    .on("postgres_changes", { event: "INSERT", schema: "public", table: "posts" }, () => {})
    .subscribe();
  const working = Promise.all(
    jobs.map(async (job) => {
      while (going) {
        await Promise.resolve(job()).catch(() => {});
        await sleep(pauseMs);
      }
    }),
  );

  async function stop(): Promise<void> {
    going = false;
    await working;
    await Promise.all(people.map(({ person }) => person.removeAllChannels()));
  }
  return load;
}

/** Joins a private channel, which asks the database, and leaves it. Tells how that went. */
async function join(person: SupabaseClient): Promise<string> {
  const channel = person.channel(`room-${crypto.randomUUID()}`, { config: { private: true } });
  const status = await new Promise<string>((resolve) => channel.subscribe(resolve));
  await person.removeChannel(channel);
  return status;
}

function count(load: Load, name: string): void {
  load.counts[name] = (load.counts[name] ?? 0) + 1;
}

/** Counts every answer. A retry of supabase-js is another request. */
function recorder(load: Load): typeof fetch {
  const problem = (text: string) => {
    if (load.problems.length < problemsMax) load.problems.push(text);
  };
  return async (input, init) => {
    const startedMs = performance.now();
    const address = new URL(input instanceof Request ? input.url : input);
    const service = address.pathname.split("/")[1] ?? "";
    const note = (outcome: string | number) => {
      count(load, `${service} ${outcome}`);
      load.slowestMs = Math.max(load.slowestMs, Math.round(performance.now() - startedMs));
    };
    try {
      const signal = AbortSignal.timeout(patienceMs);
      const response = await fetch(input, { ...init, signal });
      const body = await response.clone().text();
      note(response.status);
      const passing = response.status === 503 && Number(response.headers.get("retry-after")) > 0;
      if (response.status >= 500 && !passing) {
        problem(`${address.pathname}: ${response.status} ${body.slice(0, 300)}`);
      }
      return response;
    } catch (cause) {
      note("no answer");
      problem(`${address.pathname}: no answer: ${cause} ${(cause as Error).cause ?? ""}`);
      throw cause;
    }
  };
}
