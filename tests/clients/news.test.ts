/** What a client hears of conversations that are not open. */
import { expect, test } from "vitest";
import { createNews, type ListedRow } from "../../clients/news.ts";

const row = (changes: Partial<ListedRow> = {}): ListedRow => ({
  id: 5,
  last_seq: 7,
  view: 3,
  topic: "conversation:5:2",
  ...changes,
});

test("a list is too old if it lacks a message, a view or a topic that was heard of", () => {
  const news = createNews(() => {});
  expect(news.isTooOld([row()])).toBe(false);
  news.message(5, 7);
  news.seen(5, { view: 3, topic: "conversation:5:2" });
  expect(news.isTooOld([row()])).toBe(false);
  expect(news.isTooOld([row({ last_seq: 9, view: 4, topic: "conversation:5:3" })])).toBe(false);
  for (const older of [{ last_seq: 6 }, { view: 2 }, { topic: "conversation:5:1" }])
    expect([older, news.isTooOld([row({ id: 4 }), row(older)])]).toEqual([older, true]);
  // A person who may not listen has no topic.
  expect(news.isTooOld([row({ topic: null })])).toBe(false);
  // An older event that comes late makes nothing older.
  news.message(5, 6);
  expect(news.isTooOld([row({ last_seq: 6 })])).toBe(true);
  // The person left. They may come back, and nothing is known of that time.
  news.seen(5, null);
  expect(news.isTooOld([row({ last_seq: 6 })])).toBe(false);
  news.end();
});

test("what was heard is kept for the last hundred conversations", () => {
  const news = createNews(() => {});
  for (let id = 1; id <= 101; id += 1) news.message(id, 7);
  expect(news.isTooOld([row({ id: 1, last_seq: 6 })])).toBe(false);
  expect(news.isTooOld([row({ id: 2, last_seq: 6 })])).toBe(true);
  news.end();
});

test("new messages are told once for each conversation, and without names if they are many", async () => {
  const told: (number | null)[] = [];
  const news = createNews((id) => told.push(id));
  for (const id of [5, 6, 5]) news.message(id, 1);
  await expect.poll(() => told).toEqual([5, 6]);
  for (let id = 1; id <= 21; id += 1) news.message(id, 2);
  await expect.poll(() => told).toEqual([5, 6, null]);
});
