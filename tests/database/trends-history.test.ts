/** How a trend ends, what is remembered of it, and that explain_trend() finds the same numbers again. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Person } from "./database.ts";
import { type CrowdTown, createCrowdTown } from "./trend-crowd.ts";

let town: CrowdTown;
let carol: Person;
/** Two quiet days, then a burst at this minute. */
const begins = 48 * 60 + 10;
const scores: { minutes: number; score: number | null }[] = [];

const explain = async (minutes?: number, tag = "harvest", period = "day") => {
  const [row] = await carol.asks(
    (sql) =>
      sql`select explain_trend(${tag}, ${minutes === undefined ? new Date() : town.at(minutes)}, ${period}) as it`,
  );
  return row?.it;
};

beforeAll(async () => {
  town = await createCrowdTown(60);
  carol = await town.db.signUp("carol");
  for (let hour = 0; hour < 48; hour += 3) {
    const some = town.crowd.slice(hour % 40, (hour % 40) + 6 + (hour % 5));
    await town.write(some, hour * 60 + 30, "#daily and #harvest", { language: "en" });
    await town.write(town.crowd.slice(0, 20), hour * 60 + 31, "#common");
  }
  await town.refreshUntil(48 * 60, 60);
  // One person every two minutes, so that they leave the windows one after the other.
  for (const [place, who] of town.crowd.slice(0, 45).entries()) {
    await town.write([who], begins + 2 * place, "#harvest", { language: "en" });
  }
  // A refresh every ten minutes, until the burst has left the window of half a day.
  for (let minutes = begins + 1; minutes < begins + 20 * 60; minutes += 10) {
    await town.refresh(minutes);
    const [row] = await town.db.owner`
      select score from private.trends where term = 'harvest' and period = 'hour'
    `;
    scores.push({ minutes, score: row?.score ?? null });
  }
}, 120_000);
afterAll(() => town?.[Symbol.asyncDispose]());

const history = (period: string) => town.db.owner`
  select event, scored_at, since_at, score from private.trend_history
  where term = 'harvest' and period = ${period} order by scored_at
`;

test("a trend begins at one in a hundred thousand, and ends below one in a thousand", async () => {
  const first = scores.findIndex(({ score }) => score !== null);
  expect(first).toBeGreaterThan(0);
  expect(scores[first]?.score).toBeGreaterThanOrEqual(5);
  const trending = scores.filter(({ score }) => score !== null);
  // It stayed on the list with a score that would not have brought it there, and ended once.
  expect(Math.min(...trending.map(({ score }) => score as number))).toBeLessThan(5);
  expect(Math.min(...trending.map(({ score }) => score as number))).toBeGreaterThanOrEqual(3);
  expect(scores.slice(first + trending.length).every(({ score }) => score === null)).toBe(true);
  expect(first + trending.length).toBeLessThan(scores.length);
  const rows = await history("hour");
  expect(rows.at(-1)).toMatchObject({ event: "ended", since_at: town.at(scores[first]?.minutes as number) });
  expect(rows.at(-1)?.score).toBeLessThan(3);
});

test("the history has its beginning, a row each hour, and its end", async () => {
  const rows = await history("hour");
  const [began, ...others] = rows.map(({ event }) => event);
  expect(began).toBe("began");
  expect(others.at(-1)).toBe("ended");
  expect(new Set(others.slice(0, -1))).toEqual(new Set(["stays"]));
  const hours = rows.slice(0, -1).map(({ scored_at }) => Math.floor(scored_at.getTime() / 3_600_000));
  expect(hours).toEqual(hours.map((_, place) => (hours[0] as number) + place));
});

test("a job that runs twice at one moment writes once", async () => {
  const before = await history("hour");
  const last = scores.at(-1)?.minutes as number;
  await town.refresh(last);
  await town.refresh(last);
  expect(await history("hour")).toEqual(before);
});

test("explain_trend() finds the numbers of every moment again, and how it began and ended", async () => {
  const last = scores.at(-1)?.minutes as number;
  const seen = new Set<boolean>();
  for (let minutes = begins + 2; minutes < last; minutes += 37) {
    const found = await explain(minutes, "harvest", "hour");
    const { score } = scores.findLast((one) => one.minutes <= minutes) as (typeof scores)[number];
    seen.add(found.trends);
    expect(found.trends, `${minutes - begins}`).toBe(score !== null);
    expect(found.agrees).toBe(found.stored ? true : null);
    expect(found.stored).not.toBe(score !== null ? null : undefined);
    if (found.trends) {
      expect(found.recomputed.score).toBeCloseTo(found.stored.score, 6);
      // Nobody deleted anything, so the posts of then are still there.
      expect(found.recounted).toEqual({ short: found.stored.short.people, long: found.stored.long.people });
    } else expect(found.recomputed.score).toBeLessThan(5);
  }
  expect(seen).toEqual(new Set([true, false]));
});

test("explain_trend() says why a tag does not trend, now and before", async () => {
  const now = await explain(undefined, "common");
  expect(now).toMatchObject({ trends: false, stored: null, agrees: null, begins_at: 5, ends_below: 3 });
  expect(now.recomputed.score).toBeLessThan(5);
  const before = await explain(20 * 60, "common");
  expect(before).toMatchObject({ trends: false, recomputed: { long: { people: 20 } } });
  expect(before.recounted.long).toBe(20);
  expect(new Date(before.at)).toEqual(town.at(20 * 60));
  const unknown = await explain(undefined, "nobody_says_this");
  expect(unknown).toMatchObject({ trends: false, recomputed: { score: 0, long: { people: 0 } } });
});

test("explain_trend() notices a number that somebody changed", async () => {
  const began = scores.find(({ score }) => score !== null)?.minutes;
  const trends = () => explain(began, "harvest", "hour");
  expect((await trends()).agrees).toBe(true);
  const change = (factor: number) => town.db.owner`
    update private.trend_history set short.expected = (short).expected * ${factor}
    where term = 'harvest' and period = 'hour' and event = 'began'
  `;
  await change(0.5);
  expect((await trends()).agrees).toBe(false);
  await change(2);
  expect((await trends()).agrees).toBe(true);
  await town.db.owner`update private.trend_history set score = score + 0.1 where term = 'harvest'`;
  expect((await trends()).agrees).toBe(false);
  await town.db.owner`update private.trend_history set score = score - 0.1 where term = 'harvest'`;
  await town.db.owner`
    update private.trend_hours set in_hour = in_hour + 20 where term = 'harvest' and ended_at = ${town.at(21 * 60)}
  `;
  expect((await trends()).agrees).toBe(false);
});

describe("a tag that one or two people say", () => {
  // Half an hour after the last refresh.
  const minutes = begins + 20 * 60 + 30;
  const numbers = async (tag: string, period: string) => {
    const { recomputed, recounted } = await explain(undefined, tag, period);
    return [recomputed.short.people, recomputed.long.people, recounted.short, recounted.long];
  };

  test("explain_trend() does not say whether the person counts", async () => {
    const [who, other] = town.crowd as [Person, Person];
    await town.write([who], minutes, "#only_one");
    await town.write([other], minutes, "#only_two");
    await town.write([carol], minutes, "#by_carol");
    await town.write(town.crowd.slice(0, 3), minutes, "#by_three");
    await town.refresh(minutes + 1);
    await town.write([who], minutes + 1, "#only_two");
    await town.refresh(minutes + 2);
    // The posts of the week are not kept any more: the clock of this town is behind.
    const weeks = (period: string, people: number) => (period === "week" ? null : people);
    const counted = await town.db.owner`
      select term, in_hour from private.trend_counts
      where term in ('only_one', 'only_two', 'by_carol', 'by_three') order by term`;
    expect([...counted]).toEqual([
      { term: "by_three", in_hour: 3 },
      { term: "only_one", in_hour: 1 },
      { term: "only_two", in_hour: 2 },
    ]);
    for (const period of ["hour", "day", "week"]) {
      const by_carol = await explain(undefined, "by_carol", period);
      for (const tag of ["only_one", "only_two"]) {
        const found = await explain(undefined, tag, period);
        expect({ ...found, term: "by_carol" }, period).toEqual(by_carol);
        expect(await numbers(tag, period), period).toEqual([0, 0, 0, weeks(period, 0)]);
      }
      expect(await numbers("by_three", period), period).toEqual([3, 3, 3, weeks(period, 3)]);
    }
  });

  test("nor do the numbers of a network where nobody else says a tag", async () => {
    const only = (hour: number, halfDay: number) => town.db.owner`
      update private.trend_counts set in_hour = ${hour}, in_half_day = ${halfDay} where kind = 'tag' and term = ''
      returning (select array[old.in_hour, old.in_half_day] from private.trend_counts as old where kind = 'tag' and term = '') as before`;
    const [row] = await only(1, 2);
    const { recomputed } = await explain(undefined, "by_carol", "hour");
    await only(row?.before[0], row?.before[1]);
    expect([recomputed.short.network_people, recomputed.long.network_people]).toEqual([0, 0]);
  });
});

test("rows of the history are deleted after 90 days", async () => {
  const count = async () =>
    (await town.db.owner`select from private.trend_history where term = 'harvest'`).count;
  const before = await count();
  await town.db.owner`
    update private.trend_history set scored_at = now() - interval '90 days' - interval '1 minute'
    where term = 'harvest' and event = 'began'
  `;
  await town.db.owner`
    update private.trend_history set scored_at = now() - interval '90 days' + interval '1 minute'
    where term = 'harvest' and event = 'ended'
  `;
  const [swept] = await town.db.owner`select private.sweep_trend_history() as rows`;
  expect(swept?.rows).toBeGreaterThan(0);
  expect(await count()).toBe(before - swept?.rows);
  const [kept] = await town.db.owner`select count(*) from private.trend_history where event = 'ended'`;
  expect(kept?.count).toBeGreaterThan(0);
});

test("a worker that was away closes the hours, and does not score a moment that is over", async () => {
  const [before] = await town.db.owner`select closed_at from private.trend_state`;
  const missed = Math.floor((Date.now() - before?.closed_at.getTime()) / 3_600_000);
  expect(missed).toBeGreaterThan(2);
  await town.write(town.crowd.slice(0, 30), 70 * 60 + 20, "#late");
  const { waiting, scored } = await town.refresh(72 * 60);
  expect({ waiting, scored: scored > 0 }).toEqual({ waiting: 0, scored: true });
  const hours = await town.db.owner`
    select in_hour from private.trend_hours
    where kind = 'tag' and term = '' and ended_at > ${before?.closed_at} order by ended_at
  `;
  expect(hours).toHaveLength((town.at(72 * 60).getTime() - before?.closed_at.getTime()) / 3_600_000);
  // The people of that hour are in the row of that hour.
  expect(hours.at(-2)?.in_hour).toBe(30);
  expect(hours.at(-1)?.in_hour).toBe(0);
});

test("a moment that is long over is not scored: the next refresh goes on with the hours", async () => {
  await town.db.owner`
    update private.trend_state
    set refreshed_at = refreshed_at - interval '300 hours', closed_at = closed_at - interval '300 hours'
  `;
  await town.db.owner`delete from private.trend_hours`;
  const first = await town.refresh(72 * 60);
  expect(first.waiting).toBeGreaterThan(0);
  expect(first.scored).toBe(0);
  const second = await town.refresh(72 * 60);
  expect(second.waiting).toBe(0);
  expect(second.scored).toBeGreaterThan(0);
  const [hours] = await town.db
    .owner`select count(*) from private.trend_hours where kind = 'tag' and term = ''`;
  expect(hours?.count).toBe(300);
});

test("a refresh looks at 500 terms of a window, and computes 500 forecasts. The next one computes the rest", async () => {
  await town.db.owner`
    insert into private.trend_counts (kind, term, in_hour, in_half_day, in_day, in_week)
    select said.kind::trend_kind, said.kind || n, 5, 5, 5, 5
    from (values ('tag', 700), ('link', 300)) as said (kind, amount)
    cross join lateral generate_series(1, said.amount) as n
  `;
  const forecasts = async () => (await town.db.owner`select from private.trend_forecasts`).count;
  const candidates = async () => {
    const [row] = await town.db.owner`select private.trend_candidates() -> 'terms' as terms`;
    return row?.terms as { kind: string; last: unknown }[];
  };
  expect((await candidates()).filter(({ kind }) => kind === "link")).toHaveLength(301);
  const all = (await candidates()).length;
  expect(all).toBeGreaterThan(801);
  // The tags of the town beside those that are equal.
  expect(all).toBeLessThan(820);
  await town.db.owner`delete from private.trend_forecasts`;
  await town.refresh(72 * 60);
  expect(await forecasts()).toBe(500);
  await town.refresh(72 * 60);
  expect(await forecasts()).toBe(all);
  expect((await candidates()).every(({ last }) => last !== null)).toBe(true);
});
