/** Requests of the same shape are prepared once. Each gets the answer to its own values. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTown, type Town } from "./town.ts";

let town: Town;

beforeAll(async () => {
  town = await createTown({ poolSize: 1 });
  await town.sql.unsafe(`
    create table public.shapes (id integer primary key, owner text not null, note text);
    alter table public.shapes enable row level security;
    create policy "An owner sees their rows" on public.shapes to authenticated
      using (owner = (select auth.jwt() ->> 'sub')) with check (true);
    grant select, insert, update, delete on public.shapes to authenticated, service_role;
    insert into public.shapes values (1, 'alice', 'one'), (2, 'bob', 'a+b'), (3, 'alice', 'a b'), (4, 'alice', null);
    notify pgrst;
  `);
  await vi.waitFor(async () => {
    const { status } = await town.request("GET", "/shapes?limit=0", { headers: town.as.alice });
    expect(status).toBe(200);
  });
});
afterAll(() => town[Symbol.asyncDispose]());

const notes = async (query: string, who: "alice" | "bob" = "alice") => {
  const { json } = await town.request("GET", `/shapes?select=note&${query}`, { headers: town.as[who] });
  return (json as { note: string }[]).map(({ note }) => note);
};

test("each request has its own values, in every encoding", async () => {
  for (let time = 0; time < 3; time++) {
    expect(await notes("id=eq.1")).toEqual(["one"]);
    expect(await notes("id=eq.3")).toEqual(["a b"]);
    expect(await notes("note=eq.a+b")).toEqual(["a b"]);
    expect(await notes("note=eq.a%20b")).toEqual(["a b"]);
    expect(await notes("note=eq.a%2Bb")).toEqual([]);
    expect(await notes("id=gte.2&id=lt.4")).toEqual(["a b"]);
    expect(await notes("id=lt.4&id=gte.1&order=id.desc")).toEqual(["a b", "one"]);
    expect(await notes("note=eq.")).toEqual([]);
    expect(await notes("id=in.(1,3)&order=id")).toEqual(["one", "a b"]);
    expect(await notes("id=in.(1)")).toEqual(["one"]);
  }
});

test("a shape that one person has used shows another person only their own rows", async () => {
  expect(await notes("id=eq.1")).toEqual(["one"]);
  expect(await notes("id=eq.1", "bob")).toEqual([]);
  expect(await notes("id=eq.2", "bob")).toEqual(["a+b"]);
  // Nobody is signed in, and the policy is only for those who are.
  expect((await town.request("GET", "/shapes?select=note&id=eq.1")).json).toEqual([]);
});

test("the answer names the query of its own request", async () => {
  for (const id of ["1", "3", "a%2Fb%26"]) {
    const { headers } = await town.request("GET", `/bigs?doc->>a=eq.${id}&id=neq.${id.length}&select=id`, {
      headers: town.as.alice,
    });
    expect(headers.get("content-location")).toBe(`/bigs?doc-%3E%3Ea=eq.${id}&id=neq.${id.length}&select=id`);
  }
});

test("a value that does not fit is refused with the words of Postgres, as it is the first time", async () => {
  for (let time = 0; time < 2; time++) {
    const { status, json } = await town.request("GET", `/shapes?id=eq.x${time}`, { headers: town.as.alice });
    expect(status).toBe(400);
    expect(json).toMatchObject({ message: `invalid input syntax for type integer: "x${time}"` });
  }
});

test("bodies of the same keys are written with their own values, and other keys are other columns", async () => {
  const write = (method: string, path: string, body: unknown) =>
    town.request(method, path, { headers: { ...town.as.service, prefer: "return=representation" }, body });
  for (const id of [11, 12]) {
    const { json } = await write("POST", "/shapes", { id, owner: "carol", note: `n${id}` });
    expect(json).toEqual([{ id, owner: "carol", note: `n${id}` }]);
  }
  expect((await write("POST", "/shapes", { id: 13, owner: "carol" })).json).toEqual([
    { id: 13, owner: "carol", note: null },
  ]);
  expect(
    (
      await write("POST", "/shapes", [
        { id: 14, owner: "carol" },
        { id: 15, owner: "dave" },
      ])
    ).json,
  ).toHaveLength(2);
  for (const id of [11, 12]) {
    expect((await write("PATCH", `/shapes?id=eq.${id}`, { note: `new ${id}` })).json).toEqual([
      { id, owner: "carol", note: `new ${id}` },
    ]);
  }
  expect((await write("DELETE", "/shapes?id=eq.11", undefined)).json).toHaveLength(1);
  expect((await write("DELETE", "/shapes?id=gt.11", undefined)).json).toHaveLength(4);
  expect((await write("POST", "/shapes", { id: 1, unknown: 1 })).json).toMatchObject({ code: "PGRST204" });
});

test("headers that change the answer make another shape", async () => {
  const path = "/shapes?id=eq.1&select=id";
  const ask = (headers: Record<string, string>) =>
    town.request("GET", path, { headers: { ...town.as.alice, ...headers } });
  for (let time = 0; time < 2; time++) {
    expect((await ask({})).text).toBe('[{"id":1}]');
    expect((await ask({ accept: "application/vnd.pgrst.object+json" })).text).toBe('{"id":1}');
    expect((await ask({ accept: "text/csv" })).text).toBe("id\n1");
    expect((await ask({ prefer: "count=exact" })).headers.get("content-range")).toBe("0-0/1");
    expect((await ask({})).headers.get("content-range")).toBe("0-0/*");
    expect((await ask({ range: "1-2" })).text).toBe("[]");
  }
});

test("after a change of the schema, a shape means what it means then", async () => {
  expect(await notes("id=eq.1")).toEqual(["one"]);
  await town.sql.unsafe("alter table public.shapes rename column note to words; notify pgrst");
  await expect
    .poll(
      async () =>
        (await town.request("GET", "/shapes?select=note&id=eq.1", { headers: town.as.alice })).status,
    )
    .toBe(400);
  const { json } = await town.request("GET", "/shapes?select=words&id=eq.1", { headers: town.as.alice });
  expect(json).toEqual([{ words: "one" }]);
  await town.sql.unsafe("alter table public.shapes rename column words to note; notify pgrst");
  await expect.poll(() => notes("id=eq.1").catch(() => [])).toEqual(["one"]);
});

test("many shapes do not stay, and the answers remain right", async () => {
  const wide = (n: number) => `id=eq.1&note=neq.x&or=(note.eq.${"y".repeat(8000)}${n},id.eq.1)`;
  for (let n = 0; n < 600; n++) expect(await notes(wide(n))).toEqual(["one"]);
  expect(await notes("id=eq.3")).toEqual(["a b"]);
});
