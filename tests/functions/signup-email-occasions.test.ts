import { expect, test } from "vitest";
import { createOccasions } from "../../edge-functions/signup-email/occasions.ts";

function create() {
  const clock = { nowMs: 0 };
  const sent: string[] = [];
  const occasions = createOccasions(() => clock.nowMs);
  const send = (occasion: string) => occasions.once(occasion, async () => void sent.push(occasion));
  return { clock, sent, occasions, send };
}

test("an occasion is forgotten after its signature's time, and not before", async () => {
  const { clock, sent, send } = create();
  await send("a");
  clock.nowMs += 10 * 60_000;
  await send("a");
  expect(sent).toEqual(["a"]);
  clock.nowMs += 1;
  await send("a");
  expect(sent).toEqual(["a", "a"]);
});

test("everybody who waits for one occasion gets its outcome, and a failure may be tried again", async () => {
  const { sent, occasions, send } = create();
  const failing = () => occasions.once("a", () => Promise.reject(new Error("refused")));
  const outcomes = await Promise.allSettled([failing(), send("a")]);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(sent).toEqual([]);
  await send("a");
  expect(sent).toEqual(["a"]);
});

test("it remembers 10,000 occasions and forgets the oldest ones first", async () => {
  const { sent, send } = create();
  for (let n = 0; n <= 10_000; n++) await send(`${n}`);
  await send("10000");
  await send("1");
  expect(sent).toHaveLength(10_001);
  await send("0");
  expect(sent).toHaveLength(10_002);
});
