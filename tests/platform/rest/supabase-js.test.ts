/** The unmodified client, over HTTP. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTown, type Town } from "./town.ts";

let town: Town;
let server: Server;
let anon: SupabaseClient;
let alice: SupabaseClient;

beforeAll(async () => {
  town = await createTown({ schemas: ["public", "api2"] });
  const prefix = "/rest/v1";
  server = createServer(
    getRequestListener((request) => {
      const url = new URL(request.url);
      const stripped = `${url.origin}${url.pathname.slice(prefix.length)}${url.search}`;
      return town.rest.fetch(new Request(stripped, request));
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const auth = { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false };
  anon = createClient(url, town.keys.anonKey, { auth });
  alice = createClient(url, town.keys.anonKey, { auth, global: { headers: town.as.alice } });
});
afterAll(async () => {
  server?.closeAllConnections();
  server?.close();
  await town?.[Symbol.asyncDispose]();
});

describe("reading", () => {
  test("filters, order, range and count", async () => {
    const { data, count, error, status } = await anon
      .from("posts")
      .select("id, title", { count: "exact" })
      .gte("id", 1)
      .not("title", "like", "%quoted%")
      .or("id.eq.1,id.gt.1")
      .order("id", { ascending: false })
      .range(0, 1);
    expect(error).toBeNull();
    expect(data).toEqual([
      { id: 3, title: "Bob writes" },
      { id: 2, title: "Second, (thoughts)" },
    ]);
    expect(count).toBe(3);
    expect(status).toBe(206);
  });

  test("every filter method", async () => {
    const ids = async (query: PromiseLike<{ data: { id: number }[] | null; error: unknown }>) => {
      const { data, error } = await query;
      expect(error).toBeNull();
      return data?.map(({ id }) => id);
    };
    const posts = () => anon.from("posts").select("id").order("id");
    expect(await ids(posts().eq("title", 'It\'s "quoted" \\ 100%'))).toEqual([4]);
    expect(await ids(posts().neq("id", 1))).toEqual([2, 3, 4]);
    expect(await ids(posts().in("title", ["Second, (thoughts)", 'It\'s "quoted" \\ 100%']))).toEqual([2, 4]);
    expect(await ids(posts().in("title", ["Second, (thoughts)", "Bob writes"]))).toEqual([2, 3]);
    expect(await ids(posts().is("published", null))).toEqual([4]);
    expect(await ids(posts().like("title", "Hello%"))).toEqual([1]);
    expect(await ids(posts().ilikeAnyOf("title", ["hello%", "bob%"]))).toEqual([1, 3]);
    expect(await ids(posts().likeAllOf("title", ["%o%", "%w%"]))).toEqual([1, 3]);
    expect(await ids(posts().contains("tags", ["news"]))).toEqual([1, 3]);
    expect(await ids(posts().containedBy("tags", ["news", "fox"]))).toEqual([1, 3, 4]);
    expect(await ids(posts().overlaps("tags", ["dogs"]))).toEqual([2]);
    expect(await ids(posts().rangeGt("during", "[6,7)"))).toEqual([3]);
    expect(await ids(posts().rangeAdjacent("during", "[9,20)"))).toEqual([2, 3]);
    expect(await ids(posts().textSearch("search", "lazy dog", { type: "plain", config: "english" }))).toEqual(
      [2],
    );
    expect(await ids(posts().textSearch("search", "fox -brown", { type: "websearch" }))).toEqual([3]);
    expect(await ids(posts().match({ id: 1, author_id: 1 }))).toEqual([1]);
    expect(await ids(posts().filter("id", "in", "(1,2)"))).toEqual([1, 2]);
  });

  test("embeds, with hints, inner joins and their own filters", async () => {
    const { data, error } = await anon
      .from("people")
      .select("handle, posts!author_id!inner(title, likes(people(handle)))")
      .eq("posts.id", 3);
    expect(error).toBeNull();
    expect(data).toEqual([
      { handle: "bob", posts: [{ title: "Bob writes", likes: [{ people: { handle: "alice" } }] }] },
    ]);
    const limited = await anon
      .from("people")
      .select("handle, posts!author_id(id)")
      .eq("id", 1)
      .order("id", { referencedTable: "posts", ascending: false })
      .limit(1, { referencedTable: "posts" })
      .single();
    expect(limited.data).toEqual({ handle: "alice", posts: [{ id: 2 }] });
  });

  test("single, maybeSingle and the answers they refuse", async () => {
    const one = await anon.from("passports").select().eq("person_id", 1).single();
    expect(one.data).toEqual({ person_id: 1, number: "A1" });
    const none = await anon.from("passports").select().eq("person_id", 77).maybeSingle();
    expect(none).toMatchObject({ data: null, error: null, status: 200 });
    const missing = await anon.from("passports").select().eq("person_id", 77).single();
    expect(missing).toMatchObject({
      status: 406,
      error: { code: "PGRST116", details: "The result contains 0 rows" },
    });
    const many = await anon.from("passports").select().maybeSingle();
    expect(many.error?.code).toBe("PGRST116");
  });

  test("head, csv, nulls stripped, another schema", async () => {
    const head = await anon.from("posts").select("*", { count: "exact", head: true });
    expect(head).toMatchObject({ count: 4, data: null, error: null, status: 200 });
    expect((await anon.from("passports").select().order("person_id").csv()).data).toBe(
      "person_id,number\n1,A1\n2,B2",
    );
    expect((await anon.from("people").select("id, mood").eq("id", 3).stripNulls()).data).toEqual([{ id: 3 }]);
    expect((await anon.schema("api2").from("things").select()).data).toEqual([
      { id: 1, name: "second schema" },
    ]);
  });

  test("errors have PostgREST's code and words", async () => {
    expect((await anon.from("nowhere").select()).error).toMatchObject({ code: "PGRST205" });
    expect(await anon.from("canary").select()).toMatchObject({ status: 401, error: { code: "42501" } });
    expect((await anon.from("posts").select("nope")).error).toMatchObject({
      code: "42703",
      message: "column posts.nope does not exist",
    });
  });
});

describe("writing", () => {
  test("insert, of one and of many with different keys", async () => {
    const quiet = await alice.from("twokeys").insert({ a: 50, b: 1 });
    expect(quiet).toMatchObject({ data: null, error: null, status: 201 });
    const one = await alice.from("twokeys").insert({ a: 51, b: 1, note: "n" }).select().single();
    expect(one.data).toEqual({ a: 51, b: 1, note: "n" });
    const rows = [
      { a: 52, b: 1 },
      { a: 52, b: 2, note: "x" },
    ];
    expect((await alice.from("twokeys").insert(rows).select()).data).toEqual([
      { a: 52, b: 1, note: null },
      { a: 52, b: 2, note: "x" },
    ]);
    const defaults = rows.map((row) => ({ ...row, a: 53 }));
    expect(
      await alice.from("twokeys").insert(defaults, { defaultToNull: false, count: "exact" }).select(),
    ).toMatchObject({ count: 2, data: [{ note: "fresh" }, { note: "x" }] });
  });

  test("upsert, merging and ignoring", async () => {
    await alice.from("twokeys").insert({ a: 60, b: 1, note: "old" });
    const merged = await alice.from("twokeys").upsert({ a: 60, b: 1, note: "new" }).select();
    expect(merged).toMatchObject({ data: [{ note: "new" }], status: 200 });
    const ignored = await alice
      .from("twokeys")
      .upsert(
        [
          { a: 60, b: 1, note: "x" },
          { a: 60, b: 2, note: "y" },
        ],
        { ignoreDuplicates: true, onConflict: "a,b" },
      )
      .select();
    expect(ignored.data).toEqual([{ a: 60, b: 2, note: "y" }]);
  });

  test("update and delete, counted and limited", async () => {
    await alice.from("twokeys").insert([
      { a: 70, b: 1 },
      { a: 70, b: 2 },
    ]);
    const updated = await alice.from("twokeys").update({ note: "u" }, { count: "exact" }).eq("a", 70);
    expect(updated).toMatchObject({ count: 2, status: 204, error: null });
    // Its type needs a client that is told the server's version.
    const limitable = alice.from("twokeys").update({ note: "v" }).eq("a", 70) as unknown as {
      maxAffected(rows: number): PromiseLike<{ error: unknown }>;
    };
    const tooMany = await limitable.maxAffected(1);
    expect(tooMany.error).toMatchObject({ code: "PGRST124" });
    const one = await alice
      .from("twokeys")
      .update({ note: "w" })
      .eq("a", 70)
      .eq("b", 1)
      .select("note")
      .single();
    expect(one.data).toEqual({ note: "w" });
    const gone = await alice.from("twokeys").delete().eq("a", 70).select("b, note").order("b");
    expect(gone.data).toEqual(
      expect.arrayContaining([
        { b: 1, note: "w" },
        { b: 2, note: "u" },
      ]),
    );
    expect((await alice.from("twokeys").delete()).error).toMatchObject({ code: "21000" });
  });

  test("a write that row-level security refuses is a 403", async () => {
    const answer = await alice.from("guarded").insert({ id: 5, owner: "bob", note: "forged" });
    expect(answer).toMatchObject({ status: 403, error: { code: "42501" } });
    expect((await alice.from("guarded").select("id")).data).toEqual([{ id: 1 }]);
  });
});

describe("functions", () => {
  test("functions are called by POST, GET and HEAD, with arguments of all kinds", async () => {
    expect((await anon.rpc("add", { a: 1, b: 2 })).data).toBe(3);
    expect((await anon.rpc("add", { a: 1 }, { get: true })).data).toBe(11);
    expect((await anon.rpc("greet", { names: ["a", "b"] })).data).toBe("a & b");
    expect((await anon.rpc("numbers", { up_to: 4 }, { head: true, count: "exact" })).count).toBe(4);
    expect((await anon.rpc("nothing")).status).toBe(204);
  });

  test("results can be filtered and ordered, and can embed", async () => {
    const { data, error } = await anon
      .rpc("search_posts", { term: "o" })
      .select("id, people!author_id(handle)")
      .gt("id", 2)
      .order("id");
    expect(error).toBeNull();
    expect(data).toEqual([
      { id: 3, people: { handle: "bob" } },
      { id: 4, people: { handle: "carol" } },
    ]);
    expect((await anon.rpc("table_of").eq("id", 2).single()).data).toEqual({ id: 2, label: "two" });
  });

  test("an error that a function raises arrives as it was raised", async () => {
    const answer = await anon.rpc("fails", {
      code: "PT409",
      message: "You already follow alice",
      detail: "already_following",
    });
    expect(answer).toMatchObject({
      status: 409,
      error: { code: "PT409", message: "You already follow alice", details: "already_following" },
    });
  });
});
