/** Which trends each person reads: the real counts, the real scores of the worker, and the functions of the API. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Person, refusal } from "./database.ts";
import { type CrowdTown, createCrowdTown } from "./trend-crowd.ts";

let town: CrowdTown;
let carol: Person;
let mallory: Person;
beforeAll(async () => {
  town = await createCrowdTown(60);
  carol = await town.db.signUp("carol");
  mallory = await town.db.signUp("mallory");
});
afterAll(() => town?.[Symbol.asyncDispose]());

const anonymous = () => town.db.as("anon");
const tags = (who: Person["asks"], call = "trending_tags()") =>
  who((sql) =>
    sql.unsafe(
      `select tag, people, expected, probability, since, language, to_jsonb(posts) as posts from ${call}`,
    ),
  );
const names = async (who: Person["asks"], call?: string) => (await tags(who, call)).map(({ tag }) => tag);
const idsOf = (rows: { id: number }[]) => rows.map(({ id }) => id);

/** A quiet day, so that the network has a past. Then a tag begins, and another one that few use. */
const begins = 24 * 60 + 5;
let harvest: number[];
beforeAll(async () => {
  for (let hour = 0; hour < 24; hour += 4) {
    await town.write(town.crowd.slice(hour, hour + 8), hour * 60 + 30, "Good morning #daily", {
      language: "en",
    });
  }
  await town.refreshUntil(24 * 60, 60);
  harvest = await town.write(town.crowd.slice(0, 40), begins, "#Harvest time", { language: "de-AT" });
  await town.write(town.crowd.slice(40, 44), begins, "#tea", { language: "en" });
  await town.refresh(begins + 5);
}, 60_000);

/** The newest posts first. */
const newest = (from: number, to?: number) => harvest.toReversed().slice(from, to);
/** The samples of the trend harvest. @returns undefined if it is not listed */
const samples = async (who: Person["asks"]) => {
  const trend = (await tags(who)).find(({ tag }) => tag === "harvest");
  return trend && idsOf(trend.posts);
};

describe("a tag that many people begin to use", () => {
  test("trends, with the numbers and the newest posts", async () => {
    const [trend, ...others] = await tags(carol.asks);
    expect(others).toEqual([]);
    expect(trend).toEqual({
      tag: "harvest",
      people: 40,
      expected: expect.any(Number),
      probability: expect.any(Number),
      since: town.at(begins + 5),
      language: "de",
      posts: expect.any(Array),
    });
    expect(trend?.expected).toBeGreaterThan(0);
    expect(trend?.expected).toBeLessThan(20);
    expect(trend?.probability).toBeGreaterThan(0);
    expect(trend?.probability).toBeLessThan(1e-5);
    expect(trend?.posts[0]).toMatchObject({
      id: newest(0)[0],
      content: "#Harvest time",
      author: { username: "crowd_39" },
      liked: false,
      is_open: true,
    });
    expect(await samples(carol.asks)).toEqual(newest(0, 3));
  });

  test("trends for everybody, signed in or not, and in the periods that it fits", async () => {
    for (const period of ["hour", "day", "week"]) {
      expect(await names(anonymous(), `trending_tags('${period}')`), period).toEqual(["harvest"]);
    }
  });

  test("does not trend with four people, who are there", async () => {
    const [few] = await town.db.owner`select in_hour from private.trend_counts where term = 'tea'`;
    expect(few?.in_hour).toBe(4);
    expect(await names(carol.asks)).not.toContain("tea");
  });

  test("does not trend by people who do not count, who are as many", async () => {
    const strangers: Person[] = [];
    for (let one = 0; one < 40; one++) strangers.push(await town.db.signUp(`stranger_${one}`));
    await town.write(strangers, begins + 5, "#bought");
    await town.refresh(begins + 6);
    const [uses] = await town.db.owner`select count(*) from private.trend_uses where term = 'bought'`;
    expect(uses?.count).toBe(40);
    expect(await names(carol.asks)).toEqual(["harvest"]);
  });

  test("is in the list of its language only", async () => {
    expect(await names(carol.asks, "trending_tags(language => 'de')")).toEqual(["harvest"]);
    expect(await names(carol.asks, "trending_tags(language => 'DE-ch')")).toEqual(["harvest"]);
    expect(await names(carol.asks, "trending_tags(language => 'en')")).toEqual([]);
    const { detail } = await refusal(carol.asks((sql) => sql`select trending_tags(language => 'not one')`));
    expect(detail).toBe("language_format");
  });

  test("is one page of at most 100", async () => {
    const { detail } = await refusal(carol.asks((sql) => sql`select trending_tags(page_size => 101)`));
    expect(detail).toBe("page_size_range");
  });
});

describe("the posts beside a trend", () => {
  const mute = (people: Person[]) =>
    carol.asks(
      (sql) => sql`insert into mutes (muted_id) select unnest(${people.map(({ id }) => id)}::uuid[])`,
    );

  test("are not by people that the viewer blocks or mutes, or who block the viewer", async () => {
    const [blocked, blocker, muted] = town.crowd.slice(37, 40) as [Person, Person, Person];
    await carol.asks((sql) => sql`insert into blocks (blocked_id) values (${blocked.id})`);
    await blocker.asks((sql) => sql`insert into blocks (blocked_id) values (${carol.id})`);
    await mute([muted]);
    expect(await samples(carol.asks)).toEqual(newest(3, 6));
    expect(await samples(mallory.asks)).toEqual(newest(0, 3));
  });

  test("are open: one that is closed or deleted is gone at once", async () => {
    const [closes, deletes] = [town.crowd[39], town.crowd[38]] as [Person, Person];
    await closes.asks((sql) => sql`update profiles set is_private = true where id = ${closes.id}`);
    await deletes.asks((sql) => sql`delete from posts where id = ${harvest[38] as number}`);
    expect(await samples(mallory.asks)).toEqual(newest(2, 5));
    const [closed] = await town.db.owner`select is_open from posts where id = ${harvest[39] as number}`;
    expect(closed?.is_open).toBe(false);
  });

  test("are by people who may be discovered, and who does not want it counts no more", async () => {
    const shy = town.crowd[37] as Person;
    await shy.asks((sql) => sql`update profiles set is_discoverable = false where id = ${shy.id}`);
    expect(await samples(mallory.asks)).toEqual(newest(3, 6));
    await town.refresh(begins + 7);
    const [trend] = await tags(mallory.asks);
    expect(trend).toMatchObject({ tag: "harvest", people: 37 });
  });

  test("are there at all: a trend without one is left out for this viewer", async () => {
    await mute(town.crowd.slice(0, 37));
    expect(await names(carol.asks)).toEqual([]);
    expect(await names(mallory.asks)).toEqual(["harvest"]);
    await carol.asks((sql) => sql`delete from mutes`);
    await carol.asks((sql) => sql`delete from blocks`);
  });
});

describe("a hidden trend", () => {
  test("is in no list, until it is shown again", async () => {
    const moderator = town.db.as("service_role");
    await moderator((sql) => sql`select hide_trend('tag', '#HARVEST', 'spam')`);
    expect(await names(mallory.asks)).toEqual([]);
    expect(await names(anonymous(), "trending_tags('hour')")).toEqual([]);
    const [explained] = await mallory.asks((sql) => sql`select explain_trend('harvest') as it`);
    expect(explained?.it).toMatchObject({ trends: true, is_hidden: true });
    await moderator((sql) => sql`select show_trend('tag', 'harvest')`);
    expect(await names(mallory.asks)).toEqual(["harvest"]);
  });

  test("cannot be hidden by people", async () => {
    const { code } = await refusal(mallory.asks((sql) => sql`select hide_trend('tag', 'harvest')`));
    expect(code).toBe("42501");
    expect(await names(mallory.asks)).toEqual(["harvest"]);
  });
});

describe("the scope network", () => {
  test("has what at least three people around the viewer use, and not what others use", async () => {
    const [friend, ...theirs] = town.crowd.slice(50, 54) as [Person, ...Person[]];
    await carol.asks((sql) => sql`insert into follows (followee_id) values (${friend.id})`);
    await friend.asks(
      (sql) => sql`insert into follows (followee_id) select unnest(${theirs.map(({ id }) => id)}::uuid[])`,
    );
    const ids = await town.write([friend, ...theirs], begins + 8, "#chess", { language: "en" });
    await town.write([friend, ...theirs].slice(2), begins + 8, "#two");
    // One person is one, with any number of texts.
    for (const [n, words] of [
      "in the garden this morning",
      "all over my kitchen table",
      "since last summer",
    ].entries()) {
      await town.write([friend], begins + 8 + n / 10, `#solo I have been talking to myself ${words}`, {
        language: n === 0 ? "en" : "de",
      });
    }
    await town.refresh(begins + 10);

    const around = "trending_tags('day', null, 'network')";
    const [trend, ...others] = await tags(carol.asks, around);
    expect(others).toEqual([]);
    expect(trend).toMatchObject({ tag: "chess", people: 4, since: null, language: "en" });
    expect(idsOf(trend?.posts)).toEqual(ids.toReversed().slice(0, 3));
    // However many other posts somebody wrote since then.
    for (let n = 0; n < 50; n++) await town.write([friend], begins + 9, `Post number ${n}`);
    expect(await tags(carol.asks, around)).toEqual([trend]);
    // Four of the four active people, where the network has four of sixty.
    expect(trend?.expected).toBeLessThan(1);
    expect(trend?.probability).toBeLessThan(0.01);

    expect(await names(mallory.asks, around)).toEqual([]);
    expect(await names(carol.asks, "trending_tags('day', 'de', 'network')")).toEqual([]);
    await carol.asks((sql) => sql`insert into mutes (muted_id) values (${friend.id})`);
    expect(await names(carol.asks, around)).toEqual([]);
    await carol.asks((sql) => sql`delete from mutes`);
  });

  test("is for people who are signed in", async () => {
    for (const call of ["trending_tags", "trending_links", "trending_posts"]) {
      const { detail } = await refusal(
        anonymous()((sql) => sql.unsafe(`select from ${call}(scope => 'network')`)),
      );
      expect(detail, call).toBe("not_signed_in");
    }
  });
});

describe("a link", () => {
  test("trends as a tag does, without its fragment", async () => {
    const writers = town.crowd.slice(0, 30);
    await town.write(writers.slice(0, 15), begins + 11, "Read https://Example.com/News#top", {
      language: "en",
    });
    await town.write(writers.slice(15), begins + 12, "Read https://example.com/News", { language: "en" });
    await town.refresh(begins + 15);
    const [trend, ...others] = await mallory.asks((sql) => sql`select * from trending_links('hour')`);
    expect(others).toEqual([]);
    expect(trend).toMatchObject({ url: "https://example.com/News", people: 30, language: "en" });
    expect(trend?.posts).toHaveLength(3);
    const [explained] = await mallory.asks(
      (sql) =>
        sql`select explain_trend('HTTPS://example.com/News#top', kind => 'link', period => 'hour') as it`,
    );
    expect(explained?.it).toMatchObject({ term: "https://example.com/News", trends: true, agrees: true });
  });
});
