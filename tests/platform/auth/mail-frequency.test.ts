import { expect, test } from "vitest";
import { createMailFrequency, type Wish } from "../../../platform/auth/mail-frequency.ts";

const minuteMs = 60_000;

/** A minute between mails, and a clock that the test moves. */
function create() {
  const clock = { nowMs: 0 };
  const frequency = createMailFrequency(minuteMs, () => clock.nowMs);
  const ask = (wish: Wish, email = "alice@plaza.test") =>
    frequency.grant(wish, email, async () => "sent").catch((error) => error.message as string);
  return { clock, frequency, ask };
}
const after = (seconds: number) =>
  `For security purposes, you can only request this after ${seconds} seconds.`;

test("an address has to wait from its own last request, and other addresses do not wait", async () => {
  const { clock, ask } = create();
  expect(await ask("recovery")).toBe("sent");
  clock.nowMs += 20_000;
  expect(await ask("recovery")).toBe(after(40));
  expect(await ask("recovery", "bob@plaza.test")).toBe("sent");
  clock.nowMs += 40_000;
  expect(await ask("recovery")).toBe("sent");
});

test("the owner of an address signs up six seconds after a stranger, and a double click is one sign-up", async () => {
  const { clock, ask } = create();
  expect(await ask("signup")).toBe("sent");
  expect(await ask("signup")).toBe(after(5));
  expect(await ask("magiclink")).toBe(after(5));
  clock.nowMs += 6000;
  expect(await ask("signup")).toBe("sent");
  clock.nowMs += 6000;
  expect(await ask("magiclink")).toBe("sent");
});

test("of many requests at once one is granted", async () => {
  const { ask } = create();
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask("magiclink")));
  expect(answers.filter((answer) => answer === "sent")).toHaveLength(1);
});

test("it forgets the oldest request when there are too many", async () => {
  const { ask } = create();
  await ask("recovery", "old@plaza.test");
  await ask("recovery", "young@plaza.test");
  for (let n = 0; n < 49_999; n++) await ask("recovery", `x${n}@plaza.test`);
  expect(await ask("recovery", "young@plaza.test")).toBe(after(60));
  expect(await ask("recovery", "old@plaza.test")).toBe("sent");
});
