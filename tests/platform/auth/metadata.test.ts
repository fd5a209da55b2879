/** What clients write about a user, at every endpoint that takes it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHarness, type Harness, member, person, type TestAuth } from "./harness.ts";

let harness: Harness;
let auth: TestAuth;
let token: string;
let userId: string;

beforeAll(async () => {
  harness = await createHarness();
  auth = await harness.start({ enable_anonymous_sign_ins: true });
  const alice = await member(auth, harness.receiver, "alice");
  const { data } = await alice.client.auth.getSession();
  token = data.session?.access_token ?? "";
  userId = data.session?.user.id ?? "";
});
afterAll(() => harness[Symbol.asyncDispose]());

/** Every endpoint that takes metadata, as a body with the metadata in it as JSON text. */
const endpoints: Record<string, (metadata: string) => Promise<Response>> = {
  "POST /signup": (metadata) => post("/signup", `${account()}, "data": ${metadata}`),
  "POST /signup without an address": (metadata) => post("/signup", `"data": ${metadata}`),
  "POST /otp": (metadata) => post("/otp", `"email": "${person("otp").email}", "data": ${metadata}`),
  "POST /magiclink": (metadata) =>
    post("/magiclink", `"email": "${person("link").email}", "data": ${metadata}`),
  "PUT /user": (metadata) => send("PUT", "/user", `"data": ${metadata}`, token),
  "POST /invite": (metadata) =>
    admin("POST", "/invite", `"email": "${person("inv").email}", "data": ${metadata}`),
  "POST /admin/generate_link": (metadata) =>
    admin("POST", "/admin/generate_link", `"type": "signup", ${account()}, "data": ${metadata}`),
  "POST /admin/users": (metadata) =>
    admin("POST", "/admin/users", `${account()}, "user_metadata": ${metadata}`),
  "POST /admin/users, of the app": (metadata) =>
    admin("POST", "/admin/users", `${account()}, "app_metadata": ${metadata}`),
  "PUT /admin/users/:id": (metadata) =>
    admin("PUT", `/admin/users/${userId}`, `"user_metadata": ${metadata}`),
  "PUT /admin/users/:id, of the app": (metadata) =>
    admin("PUT", `/admin/users/${userId}`, `"app_metadata": ${metadata}`),
};
const account = () => {
  const { email, password } = person("new");
  return `"email": "${email}", "password": "${password}"`;
};
const send = (method: string, path: string, body: string, bearer?: string) =>
  fetch(`${auth.url}/auth/v1${path}`, {
    method,
    headers: { "content-type": "application/json", ...(bearer ? { authorization: `Bearer ${bearer}` } : {}) },
    body: `{${body}}`,
  });
const post = (path: string, body: string) => send("POST", path, body);
const admin = (method: string, path: string, body: string) =>
  send(method, path, body, auth.keys.serviceRoleKey);

describe.each(Object.keys(endpoints))("%s", (name) => {
  const endpoint = endpoints[name] as (metadata: string) => Promise<Response>;

  test.each([
    ["nested 20,000 deep", `{"a": ${"[".repeat(20_000)}${"]".repeat(20_000)}}`],
    ["nested 33 deep", `${'{"a":'.repeat(33)}1${"}".repeat(33)}`],
    ["15 KB long", JSON.stringify({ about: "x".repeat(15_000) })],
    ["15 KB long in UTF-8 only", JSON.stringify({ about: "字".repeat(5_000) })],
    ["with U+0000 in a value", '{"a": ["b\\u0000"]}'],
    ["with U+0000 in a key", '{"a\\u0000": 1}'],
  ])("refuses metadata %s", async (_, metadata) => {
    const response = await endpoint(metadata);
    expect([response.status, (await response.json()).error_code]).toEqual([400, "validation_failed"]);
  });

  test("takes what fits, with U+FFFD for half a character", async () => {
    const metadata = `{"half\\udc00": "a\\ud800b", "deep": ${"[".repeat(31)}${"]".repeat(31)}}`;
    const response = await endpoint(metadata);
    expect(response.status).toBe(200);
    const [row] = await harness.sql`
      select raw_user_meta_data || raw_app_meta_data as metadata from auth.users order by updated_at desc limit 1`;
    expect(row?.metadata).toMatchObject({ "half\ufffd": "a\ufffdb" });
  });
});

test("a user's metadata has a bound in all, and the token still works at it", async () => {
  const update = (data: unknown) => send("PUT", "/user", `"data": ${JSON.stringify(data)}`, token);
  expect((await update({ one: "x".repeat(3000) })).status).toBe(200);
  expect((await update({ two: "x".repeat(3000) })).status).toBe(400);
  const [row] =
    await harness.sql`select raw_user_meta_data ? 'two' as kept from auth.users where id = ${userId}`;
  expect(row?.kept).toBe(false);

  const signIn = await member(auth, harness.receiver, "bob");
  const { data, error } = await signIn.client.auth.updateUser({ data: { about: "x".repeat(3800) } });
  expect(error).toBeNull();
  const refreshed = await signIn.client.auth.refreshSession();
  expect(refreshed.data.session?.access_token.length).toBeGreaterThan(5000);
  expect(refreshed.data.session?.access_token.length).toBeLessThan(8000);
  expect((await signIn.client.auth.getUser()).data.user?.id).toBe(data.user?.id);
});

test("metadata from before there was a bound can be made smaller", async () => {
  await harness.sql`
    update auth.users set raw_user_meta_data = jsonb_build_object('old', repeat('x', 9000), 'more', repeat('x', 5000))
    where id = ${userId}`;
  const update = (data: unknown) => send("PUT", "/user", `"data": ${JSON.stringify(data)}`, token);
  expect((await update({ new: "x" })).status).toBe(400);
  expect((await update({ old: null })).status).toBe(200);
  expect((await update({ more: null })).status).toBe(200);
});
