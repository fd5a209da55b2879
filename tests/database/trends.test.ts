/** What trends, for whom: the real counts, the real scores of the worker, and the functions of the API. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Person, refusal } from "./database.ts";
import { createTrendsTown, type TrendsTown } from "./trends-town.ts";

let town: TrendsTown;
let carol: Person;
let mallory: Person;
beforeAll(async () => {
  town = await createTrendsTown(60);
  carol = await town.db.signUp("carol");
  mallory = await town.db.signUp("mallory");
});
afterAll(() => town?.[Symbol.asyncDispose]());

const anonymous = () => town.db.as("anon");
const tags = (who: Person["asks"], call = "trending_tags()") =>
  who((sql) => sql.unsafe(`select tag, people, expected, probability, since, language, posts from ${call}`));
const names = async (who: Person["asks"], call?: string) => (await tags(who, call)).map(({ tag }) => tag);
const idsOf = (rows: { id: number }[]) => rows.map(({ id }) => id);

describe("a tag that many people begin to use", () => {
  const writers = () => town.crowd.slice(0, 40);
  let ids: number[];

  beforeAll(async () => {
    // A quiet day, so that the network has a past.
    for (let hour = 0; hour < 24; hour += 4) {
      await town.write(town.crowd.slice(hour, hour + 8), hour * 60 + 30, "Good morning #daily", {
        language: "en",
      });
    }
    await town.refreshUntil(24 * 60, 60);
    ids = await town.write(writers(), 24 * 60 + 5, "#Harvest time", { language: "de-AT" });
    await town.write(town.crowd.slice(40, 44), 24 * 60 + 5, "#tea", { language: "en" });
    await town.refresh(24 * 60 + 10);
  }, 60_000);

  test("trends, with the numbers and the newest posts", async () => {
    const [trend, ...others] = await tags(carol.asks);
    expect(others).toEqual([]);
    expect(trend).toEqual({
      tag: "harvest",
      people: 40,
      expected: expect.any(Number),
      probability: expect.any(Number),
      since: town.at(24 * 60 + 10),
      language: "de",
      posts: expect.any(Array),
    });
    expect(trend?.expected).toBeGreaterThan(0);
    expect(trend?.expected).toBeLessThan(20);
    expect(trend?.probability).toBeGreaterThan(0);
    expect(trend?.probability).toBeLessThan(1e-6);
  });
});
