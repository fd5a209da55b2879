import { afterEach, expect, test } from "vitest";
import { useDatabaseSide } from "./side.ts";

const server = useDatabaseSide();

afterEach(async () => {
  await server.owner`delete from realtime.messages`;
});

const numbers = async (sinceMs: number, limit: number, topic = "room") => {
  const messages = await server.side.replay(topic, sinceMs, limit);
  return messages.map(({ payload }) => ("json" in payload ? JSON.parse(payload.json).n : undefined));
};

test("the newest messages of a topic are replayed, oldest first", async () => {
  await server.owner`select realtime.send(jsonb_build_object('n', n), 'many', 'room') from generate_series(1, 30) as n`;
  await server.owner`select realtime.send('{"n": 31}', 'many', 'room')`;
  const last = (count: number) => Array.from({ length: count }, (_, index) => 31 - count + 1 + index);
  expect(await numbers(0, 3)).toEqual(last(3));
  expect(await numbers(0, 25)).toEqual(last(25));
  expect(await numbers(0, 100)).toEqual(last(25));
  expect(await numbers(0, 0)).toEqual(last(25));
  expect(await numbers(0, -5)).toEqual(last(1));
});

test("messages before a time, of another topic, public ones and other extensions are not replayed", async () => {
  await server.owner`
    insert into realtime.messages (topic, extension, event, payload, private, inserted_at)
    values
      ('room', 'broadcast', 'e', '{"n": 1}', true, timezone('utc', now()) - interval '1 hour'),
      ('room', 'broadcast', 'e', '{"n": 2}', true, timezone('utc', now()) - interval '1 minute'),
      ('another', 'broadcast', 'e', '{"n": 3}', true, timezone('utc', now())),
      ('room', 'broadcast', 'e', '{"n": 4}', false, timezone('utc', now())),
      ('room', 'presence', 'e', '{"n": 5}', true, timezone('utc', now())),
      ('room', 'broadcast', 'e', '{"n": 6}', true, timezone('utc', now()) + interval '1 hour')
  `;
  expect(await numbers(Date.now() - 120_000, 25)).toEqual([2]);
  expect(await numbers(0, 25)).toEqual([1, 2]);
  expect(await numbers(Date.now() + 10_000, 25)).toEqual([]);
  expect(await numbers(0, 25, "another")).toEqual([3]);
});

test("a replayed message is the one that was stored", async () => {
  await server.owner`select realtime.send('{"id": "mine", "n": 1.50}', 'greeting', 'it''s')`;
  await server.owner`select realtime.send_binary('\\x00ff', 'file', 'it''s')`;
  const rows = await server.owner`select id from realtime.messages order by inserted_at`;
  expect(await server.side.replay("it's", 0, 25)).toEqual([
    {
      id: rows[0]?.id,
      topic: "it's",
      private: true,
      event: "greeting",
      payload: { json: '{"n": 1.50, "id": "mine"}' },
    },
    {
      id: rows[1]?.id,
      topic: "it's",
      private: true,
      event: "file",
      payload: { binary: Buffer.from([0, 255]) },
    },
  ]);
});

test("an absurd time finds nothing, or everything", async () => {
  await server.owner`select realtime.send('{"n": 1}', 'many', 'room')`;
  for (const since of [-1e20, Number.NaN, 0]) expect(await numbers(since, 25)).toEqual([1]);
  for (const since of [1e20, Number.MAX_SAFE_INTEGER]) expect(await numbers(since, 25)).toEqual([]);
});
