/** Nobody can find out who is registered by asking for mails, even many times. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createHarness, type Harness, member, person, type TestAuth } from "./harness.ts";

let harness: Harness;
let auth: TestAuth;
/** One mail a minute, as in production. */
let slow: TestAuth;

beforeAll(async () => {
  harness = await createHarness();
  auth = await harness.start();
  slow = await harness.start({ email: { max_frequency: "1m" } });
});
afterAll(() => harness[Symbol.asyncDispose]());

/** How an address can stand with Auth. Each makes a new one. */
const states: Record<string, () => Promise<string>> = {
  unknown: async () => person("nobody").email,
  unconfirmed: async () => {
    const ursula = person("ursula");
    await auth.client().auth.signUp(ursula);
    return longAgo(ursula.email);
  },
  confirmed: async () => longAgo((await member(auth, harness.receiver, "bob")).email),
  changing: async () => {
    const alice = await member(auth, harness.receiver, "alice");
    await alice.client.auth.updateUser({ email: person("alice-new").email });
    return longAgo(alice.email);
  },
};

/** Moves every mail to this address an hour back, so that only the requests of a test count. */
async function longAgo(email: string): Promise<string> {
  await harness.sql`
    update auth.users
    set
      confirmation_sent_at = confirmation_sent_at - interval '1 hour',
      recovery_sent_at = recovery_sent_at - interval '1 hour',
      email_change_sent_at = email_change_sent_at - interval '1 hour'
    where email = ${email}
  `;
  return email;
}

const requests = {
  recover: ["/recover", {}],
  otp: ["/otp", {}],
  "otp for users only": ["/otp", { create_user: false }],
  magiclink: ["/magiclink", {}],
  "resend of a sign-up": ["/resend", { type: "signup" }],
  "resend of a change": ["/resend", { type: "email_change" }],
} as const;
type Name = keyof typeof requests;

/** What mallory sees: the status and the body, with the seconds that she has to wait left out. */
async function answer(server: TestAuth, name: Name, email: string): Promise<string> {
  const [path, body] = requests[name];
  const response = await server.send("POST", path, { body: { email, ...body } });
  return `${response.status} ${(await response.text()).replace(/\d+ seconds/, "… seconds")}`;
}

const tooSoon =
  '429 {"code":"over_email_send_rate_limit","message":"For security purposes, you can only request this after … seconds."}';
const names = Object.keys(requests) as Name[];

test.each([
  ...names.map((name): [Name, Name, string] => [name, name, tooSoon]),
  ["recover", "otp", tooSoon],
  ["recover", "magiclink", tooSoon],
  ["otp for users only", "recover", tooSoon],
  ["resend of a sign-up", "otp", tooSoon],
  ["magiclink", "resend of a sign-up", tooSoon],
  ["recover", "resend of a sign-up", "200 {}"],
  ["resend of a change", "recover", "200 {}"],
] as [Name, Name, string][])(
  "%s, then %s: every address has the same answers",
  async (first, second, then) => {
    for (const [state, create] of Object.entries(states)) {
      const email = await create();
      const answers = [await answer(slow, first, email), await answer(slow, second, email)];
      expect([state, ...answers]).toEqual([state, "200 {}", then]);
    }
  },
);

test("bob got a mail for each first request, and nobody else did", async () => {
  const mails = async (state: string, name: Name) => {
    const email = await states[state]?.();
    if (!email) throw new Error(state);
    const before = harness.receiver.to(email).length;
    await answer(slow, name, email);
    await answer(slow, name, email);
    return harness.receiver.to(email).length - before;
  };
  expect(await mails("confirmed", "recover")).toBe(1);
  expect(await mails("confirmed", "otp")).toBe(1);
  expect(await mails("confirmed", "otp for users only")).toBe(1);
  expect(await mails("unconfirmed", "resend of a sign-up")).toBe(1);
  expect(await mails("changing", "resend of a change")).toBe(1);
  expect(await mails("unknown", "otp")).toBe(1);
  for (const name of ["recover", "otp for users only", "resend of a sign-up"] as const) {
    expect([name, await mails("unknown", name)]).toEqual([name, 0]);
  }
});

test("a mail that an administrator caused does not show either", async () => {
  const bob = await member(auth, harness.receiver, "bob");
  await longAgo(bob.email);
  await slow.admin().auth.admin.generateLink({ type: "recovery", email: bob.email });
  expect(await answer(slow, "recover", bob.email)).toBe("200 {}");
  expect(await answer(slow, "recover", person("nobody").email)).toBe("200 {}");
});

test("while sign-ups are closed, a link to sign in is promised to everybody", async () => {
  const closed = await harness.start({ enable_signup: false });
  for (const [state, create] of Object.entries(states)) {
    expect([state, await answer(closed, "otp", await create())]).toEqual([state, "200 {}"]);
  }
  const bob = await member(auth, harness.receiver, "bob");
  const before = harness.receiver.to(bob.email).length;
  await answer(closed, "otp", bob.email);
  expect(harness.receiver.to(bob.email)).toHaveLength(before + 1);
});

test("when all mails of the hour are sent, every address is told so", async () => {
  const spent = await harness.start({ rate_limit: { email_sent: 1 } });
  expect(await answer(spent, "recover", await (states.confirmed as () => Promise<string>)())).toBe("200 {}");
  for (const create of Object.values(states)) {
    expect(await answer(spent, "recover", await create())).toMatch(/^429 .*email rate limit exceeded/);
  }
});

test("after a mail that could not be sent, alice may ask again at once", async () => {
  const alice = await member(auth, harness.receiver, "alice");
  harness.receiver.answers.push({ status: 500 });
  expect(await answer(slow, "recover", alice.email)).toMatch(/^500 /);
  expect(await answer(slow, "recover", alice.email)).toBe("200 {}");
  expect(await answer(slow, "recover", alice.email)).toBe(tooSoon);
});
