/** What the API says about itself: at its root in OpenAPI 2, and in supabase/openapi.json in OpenAPI 3. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generateOpenapi, openapiPath } from "../../../sql/tools/openapi.ts";
import { databaseUrl, projectDir } from "../../../sql/tools/server.ts";
import { createDatabase } from "../../database/database.ts";
import { createTown, type Town } from "./town.ts";

interface Described {
  paths: Record<string, Record<string, { parameters: Record<string, unknown>[]; responses: object }>>;
  definitions: Record<string, { description?: string; properties: Record<string, object> }>;
}

/** @returns what is wrong with a document, in the words of the official JSON schema of OpenAPI */
async function faults(document: object): Promise<unknown> {
  const copy = structuredClone(document) as Record<string, unknown>;
  const { valid, errors } = await new Validator().validate(copy);
  return valid ? [] : errors;
}

describe("at the root", () => {
  let town: Town;
  let document: Described;
  beforeAll(async () => {
    town = await createTown({ fixture: "corners.sql", schemas: ["public", "api2"] });
    document = (await town.request("GET", "/", { headers: town.as.alice })).json as Described;
  });
  afterAll(() => town?.[Symbol.asyncDispose]());

  test("the document is valid, and the validator finds a fault", async () => {
    expect(await faults(document)).toEqual([]);
    expect(await faults({ ...document, paths: 1 })).not.toEqual([]);
  });

  test("numbers have the formats of OpenAPI, also in arguments of GET", () => {
    expect(document.definitions.bigs?.properties).toMatchObject({
      id: { type: "integer", format: "int64" },
      n: { type: "number", format: "numeric" },
    });
    expect(document.paths["/rpc/add"]?.get?.parameters).toEqual([
      { name: "a", in: "query", required: true, type: "integer", format: "int32" },
      { name: "b", in: "query", required: false, type: "integer", format: "int32" },
    ]);
    expect(document.paths["/rpc/greet"]?.get?.parameters).toEqual([
      {
        name: "names",
        in: "query",
        required: true,
        type: "array",
        items: { type: "string", format: "text" },
        collectionFormat: "multi",
      },
    ]);
  });

  test("a domain has the type that lies below it", () => {
    expect(document.definitions.paints?.properties).toMatchObject({
      colour: { type: "integer", format: "int32" },
    });
    expect(document.definitions.papers?.properties).toMatchObject({
      found: { type: "string", format: "tsvector" },
      kind: { type: "string", format: "text", default: "of the column" },
    });
    expect(document.definitions.papers?.properties.extra).toEqual({ format: "jsonb" });
  });

  test("a function says what it returns", () => {
    const schema = (name: string) => {
      const responses = document.paths[`/rpc/${name}`]?.post?.responses as { 200?: { schema: object } };
      return responses[200]?.schema;
    };
    expect(schema("search_posts")).toEqual({ type: "array", items: { $ref: "#/definitions/posts" } });
    expect(schema("one_person")).toEqual({ $ref: "#/definitions/people" });
    expect(schema("cards")).toEqual({ type: "array", items: { $ref: "#/definitions/card" } });
    expect(schema("add")).toEqual({ type: "integer", format: "int32" });
    expect(schema("numbers")).toEqual({ type: "array", items: { type: "integer", format: "int32" } });
    expect(schema("table_of")).toMatchObject({
      type: "array",
      items: { type: "object", properties: { id: { format: "int32" }, label: { type: "string" } } },
    });
    expect(document.definitions.card?.properties).toMatchObject({
      id: { type: "integer", format: "int32" },
      author: { $ref: "#/definitions/author" },
    });
    expect(Object.keys(document.definitions.author?.properties ?? {})).toEqual(["id", "username"]);
    expect(document.paths["/rpc/nothing"]?.post?.responses).toEqual({ 204: { description: "No Content" } });
  });

  test("with several schemas, the answer says which one it describes", async () => {
    const profile = async (name: string) =>
      (await town.request("GET", "/", { headers: { ...town.as.alice, "accept-profile": name } })).headers.get(
        "content-profile",
      );
    expect(await profile("api2")).toBe("api2");
    expect(await profile("public")).toBe("public");
  });
});

describe(openapiPath, () => {
  test("is what the database says, is valid, and has the cards and items", async () => {
    await using db = await createDatabase();
    const url = databaseUrl(db.port, db.name, "authenticator");
    const committed = await readFile(join(projectDir, openapiPath), "utf8");
    expect(committed, "run: npm run openapi").toBe(await generateOpenapi(url));
    const document = JSON.parse(committed);
    expect(document.openapi).toBe("3.0.3");
    expect(document.info.title).toMatch(/Plaza/);
    expect(await faults(document)).toEqual([]);
    const item =
      document.paths["/rpc/home_feed"].post.responses[200].content["application/json"].schema.items;
    expect(item).toEqual({ $ref: "#/components/schemas/feed_item" });
    expect(document.components.schemas.feed_item.properties.post.allOf).toEqual([
      { $ref: "#/components/schemas/card" },
    ]);
    await db.owner`alter table posts add column mood text`;
    expect(await generateOpenapi(url)).not.toBe(committed);
  });
});
