import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, cases } from "./expect.ts";
import { createTown, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown({ fixture: "corners.sql" });
});
afterAll(() => town?.[Symbol.asyncDispose]());

const type = (name: string) => ({ "content-type": name });
const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/png,*/*;q=0.8";

describe("a function that returns a media type sends its result as it is", () => {
  cases(
    () => town,
    [
      ["GET /rpc/page", { accept: "text/html", text: "<h1>Hello</h1>", sends: type("text/html") }],
      ["GET /rpc/page", { accept: browser, text: "<h1>Hello</h1>", sends: type("text/html") }],
      ["POST /rpc/page", { accept: "text/html", body: {}, text: "<h1>Hello</h1>" }],
      ["GET /rpc/page", { json: "<h1>Hello</h1>", sends: type("application/json; charset=utf-8") }],
      ["GET /rpc/page", { accept: "image/png", status: 406, like: { code: "PGRST107" } }],
      ["GET /rpc/plain", { accept: "text/plain", text: "words", sends: type("text/plain; charset=utf-8") }],
      ["GET /rpc/no_page", { accept: "text/html", text: "", sends: type("text/html") }],
      ["HEAD /rpc/page", { accept: "text/html", text: "", sends: type("text/html") }],
      [
        "GET /rpc/any_file",
        { accept: "text/calendar", text: "BEGIN:VCALENDAR", sends: type("text/calendar") },
      ],
      ["GET /rpc/any_file", { text: "BEGIN:VCALENDAR" }],
    ],
  );

  test("bytes arrive as bytes", async () => {
    for (const accept of ["image/png", "image/png, */*", browser]) {
      const request = new Request("http://town/rpc/picture", { headers: { accept } });
      const answer = await town.rest.fetch(request);
      expect(answer.headers.get("content-type")).toBe("image/png");
      expect(Buffer.from(await answer.arrayBuffer()).toString("hex")).toBe("89504e47");
    }
  });
});

describe("an aggregate makes the body of rows", () => {
  const lines = "application/vnd.lines";
  cases(
    () => town,
    [
      ["GET /projects?order=id", { accept: lines, text: "(1,house)\n(2,garden)\n", sends: type(lines) }],
      ["GET /projects?select=id&order=id", { accept: lines, text: "(1)\n(2)\n" }],
      ["GET /rpc/cards?select=id,title&order=id.desc", { accept: lines, text: "(2,two)\n(1,one)\n" }],
      ["GET /rpc/numbers?up_to=2", { accept: lines, text: "1\n2\n" }],
      ["GET /tasks?order=id", { accept: "text/plain", text: "walls;roof;trees;" }],
      ["GET /tasks?id=eq.0", { accept: "text/plain", text: "" }],
      ["GET /tasks?select=id", { accept: "text/plain", status: 406, like: { code: "PGRST107" } }],
      ["GET /projects", { accept: "text/plain", status: 406 }],
      ["GET /projects?order=id", { accept: "text/plain, application/json", json: expect.any(Array) }],
      [
        "PATCH /projects?id=eq.1",
        {
          who: "alice",
          accept: lines,
          prefer: "return=representation",
          body: { name: "house" },
          text: "(1,house)\n",
        },
      ],
    ],
  );
});

describe("a domain with casts has its own representation", () => {
  const red = { id: 1, name: "red", colour: "#ff0000" };
  const full = { who: "alice", prefer: "return=representation" } as const;
  cases(
    () => town,
    [
      ["GET /paints?order=id", { json: [red, { id: 2, name: "green", colour: "#00ff00" }] }],
      ["GET /paints?select=c:colour&id=eq.1", { json: [{ c: "#ff0000" }] }],
      ["GET /paints?select=id&colour=eq.%23ff0000", { json: [{ id: 1 }] }],
      ["GET /paints?select=id&colour=in.(%23ff0000,%2300ff00)&order=id", { json: [{ id: 1 }, { id: 2 }] }],
      ["GET /paints?select=id&colour=gt.%23000001&colour=lt.%23ff0000", { json: [{ id: 2 }] }],
      ["GET /paints?select=id&or=(colour.eq.%23ff0000,id.eq.9)", { json: [{ id: 1 }] }],
      [
        "POST /paints",
        {
          ...full,
          body: { id: 3, colour: "#0000ff" },
          status: 201,
          json: [{ id: 3, name: null, colour: "#0000ff" }],
        },
      ],
      [
        "POST /paints?select=colour",
        { ...full, body: [{ id: 4, colour: "#000001" }], status: 201, json: [{ colour: "#000001" }] },
      ],
      [
        "PATCH /paints?colour=eq.%230000ff&select=colour",
        { ...full, body: { colour: "#0000fe" }, json: [{ colour: "#0000fe" }] },
      ],
      [
        "PUT /paints?id=eq.3",
        { ...full, body: { id: 3, colour: "#000002" }, json: [{ id: 3, name: null, colour: "#000002" }] },
      ],
      [
        "DELETE /paints?id=gt.2&select=id,colour&order=id",
        {
          ...full,
          json: [
            { id: 3, colour: "#000002" },
            { id: 4, colour: "#000001" },
          ],
        },
      ],
    ],
  );

  test("the value in the table is the domain's", async () => {
    await ask(town, "POST /paints", { who: "alice", body: { id: 8, colour: "#0000ff" } });
    expect([...(await town.sql`delete from paints where id = 8 returning colour::integer`)]).toEqual([
      { colour: 255 },
    ]);
  });
});
