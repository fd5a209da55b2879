/** The same request several times at once: a double click, two tabs, an impatient client. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHarness, type Harness, member, person, type TestAuth } from "./harness.ts";

let harness: Harness;
let auth: TestAuth;
const times = 4;

beforeAll(async () => {
  harness = await createHarness();
  auth = await harness.start();
});
afterAll(() => harness[Symbol.asyncDispose]());

interface Answer {
  status: number;
  body: { code?: string; id?: string; user?: { id: string } };
}

const atOnce = (send: () => Promise<Response>): Promise<Answer[]> =>
  Promise.all(
    Array.from({ length: times }, async () => {
      const response = await send();
      return { status: response.status, body: await response.json() };
    }),
  );
const usersWith = (email: string) => harness.sql`select id from auth.users where email = ${email}`;

describe.each([
  ["with confirmations and a pause between mails", { email: { max_frequency: "1m" } }],
  ["with confirmations", {}],
  ["without confirmations", { email: { enable_confirmations: false } }],
])("%s", (_, config) => {
  let server: TestAuth;
  beforeAll(async () => {
    server = await harness.start(config);
  });

  test.each(["/signup", "/otp", "/magiclink"])(
    "%s makes one account, and no answer is a 500",
    async (path) => {
      const alice = person("alice");
      const answers = await atOnce(() => server.send("POST", path, { body: alice }));
      expect(answers.some(({ status }) => status === 200)).toBe(true);
      for (const { status, body } of answers) {
        if (status === 200) continue;
        expect([status, body.code]).toEqual(
          status === 429 ? [429, "over_email_send_rate_limit"] : [422, "user_already_exists"],
        );
      }
      const rows = await usersWith(alice.email);
      expect(rows).toHaveLength(1);
      for (const { body } of path === "/signup" ? answers : []) {
        const id = body.id ?? body.user?.id;
        if (id) expect(id).toBe(rows[0]?.id);
      }
    },
  );
});

test("an administrator who makes the same user several times gets one, and is told that the rest exist", async () => {
  const token = auth.keys.serviceRoleKey;
  const requests: [string, object][] = [
    ["/admin/users", {}],
    ["/admin/generate_link", { type: "signup" }],
    ["/invite", {}],
  ];
  for (const [path, more] of requests) {
    const body = { ...person("bob"), ...more };
    const answers = await atOnce(() => auth.send("POST", path, { token, body }));
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(1);
    for (const { status, body } of answers) {
      if (status !== 200) expect([path, status, body.code]).toEqual([path, 422, "email_exists"]);
    }
    expect(await usersWith(body.email)).toHaveLength(1);
  }
});

test("two people who confirm one new address at once: one gets it", async () => {
  const email = person("wanted").email;
  const hashes: string[] = [];
  const quick = await harness.start({ email: { double_confirm_changes: false } });
  for (const name of ["alice", "bob"]) {
    const { client } = await member(quick, harness.receiver, name);
    expect((await client.auth.updateUser({ email })).error).toBeNull();
    hashes.push(harness.receiver.mails.at(-1)?.email_data.token_hash ?? "");
  }
  const answers = await Promise.all(
    hashes.map((token_hash) => quick.client().auth.verifyOtp({ token_hash, type: "email_change" })),
  );
  expect(answers.filter(({ error }) => error === null)).toHaveLength(1);
  const refused = answers.find(({ error }) => error)?.error;
  expect(refused).toMatchObject({ status: 422, code: "email_exists" });
  expect(await usersWith(email)).toHaveLength(1);
});

test("alice's profile form and password form sent several times at once give no 500", async () => {
  const alice = await member(auth, harness.receiver, "alice");
  const token = alice.session.access_token;
  const named = await atOnce(() => auth.send("PUT", "/user", { token, body: { data: { city: "Rome" } } }));
  expect(named.map(({ status }) => status)).toEqual(Array(times).fill(200));
  const body = { password: "a better password" };
  for (const { status, body: answer } of await atOnce(() => auth.send("PUT", "/user", { token, body }))) {
    if (status !== 200) expect([status, answer.code]).toEqual([422, "same_password"]);
  }
});
