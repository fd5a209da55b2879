/**
 * Attacks on trends, each in the same town (trend-attack-town.ts), and each beside 60 strangers who do trend. Some attackers
 * have accounts that nobody trusts. Others have hijacked the accounts of the strangers, so their trust stops nobody.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { refreshTrust } from "../../edge-functions/_shared/trust/refresh.ts";
import { attack, createTrendTown, type Plot, type Town } from "./trend-attack-town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTrendTown();
});
afterAll(() => town?.[Symbol.asyncDispose]());

const always = ["hour", "day", "week"];
/** Everybody has words of their own. */
const about = (tag: string) => (place: number) => `My thought number ${"i".repeat(place % 90)} on #${tag}`;

test("60 established strangers trend at the next refresh", () =>
  attack(town, async (plot) => {
    await plot.refresh();
    expect(await plot.trendsIn("news")).toEqual([]);
    await plot.post(town.strangers, about("news"));
    await plot.refresh();
    expect(await plot.people("news")).toBe(60);
    expect(await plot.trendsIn("news")).toEqual(always);
  }));

test("posts that are deleted at once count for nothing, and those that are deleted later only until then", () =>
  attack(town, async (plot) => {
    await plot.delete(await plot.post(town.strangers, about("news")));
    await plot.refresh();
    expect(await plot.people("news")).toBe(0);
    expect(await plot.trendsIn("news")).toEqual([]);

    const posts = await plot.post(town.strangers, about("news"));
    await plot.refresh();
    expect(await plot.trendsIn("news")).toEqual(always);
    await plot.delete(posts);
    await plot.refresh();
    expect(await plot.people("news")).toBe(0);
    expect(await plot.trendsIn("news")).toEqual([]);
  }));

test("five people who post 1,000 times each are five people", () =>
  attack(town, async (plot) => {
    const five = town.strangers.slice(0, 5);
    for (let turn = 0; turn < 10; turn++) {
      await plot.post(Array(100).fill(five).flat(), (place) => `${about("news")(place)} ${turn} ${place}`, 3);
      await plot.refresh();
    }
    expect(await plot.uses("news")).toBe(5000);
    expect(await plot.people("news")).toBe(5);
    expect(await plot.trendsIn("news")).toEqual([]);

    await plot.post(town.strangers, about("news"));
    await plot.refresh();
    expect(await plot.people("news")).toBe(60);
    expect(await plot.trendsIn("news")).toEqual(always);
  }));

test.for(["fresh", "bought"] as const)("200 %s accounts count for nothing, alone and beside others", (kind) =>
  attack(town, async (plot) => {
    await plot.post(town[kind], about("news"), 10);
    await plot.refresh();
    expect(await plot.uses("news")).toBe(200);
    expect(await plot.people("news")).toBe(0);
    expect(await plot.trendsIn("news")).toEqual([]);

    await plot.post(town.strangers, about("news"));
    await plot.refresh();
    expect(await plot.people("news")).toBe(60);
    expect(await plot.trendsIn("news")).toEqual(always);
  }),
);

/** How many of these people count when trust is computed again. */
async function counting({ sql }: Plot, people: string[]): Promise<number> {
  await refreshTrust(sql);
  const [row] =
    await sql`select count(*) from private.trust where counts and profile_id = any (${people}::uuid[])`;
  return row?.count;
}

/** This many residents answer each of the bought accounts, and nobody else outside has to do with them. */
async function answerBought({ sql }: Plot, residents: number): Promise<void> {
  const pairs = town.bought.flatMap((bought, place) =>
    Array.from({ length: residents }, (_, turn) => ({
      resident: town.residents[(place * 37 + turn * 101) % town.residents.length],
      bought,
    })),
  );
  await sql`delete from private.interactions where receiver_id = any (${town.bought}::uuid[])`;
  await sql`
    insert into private.interactions (giver_id, receiver_id, post_id)
    select resident, bought, 1
    from jsonb_to_recordset(${sql.json(pairs as never)}) as pair (resident uuid, bought uuid)
  `;
}

test("as many old accounts that honest people answered count as the page says", async () => {
  const file = join(import.meta.dirname, "../../docs/explanation/cost-of-a-trend.md");
  const rows = [...(await readFile(file, "utf8")).matchAll(/^\| (\d+) \| (\d+) \|$/gm)];
  expect(rows.length).toBeGreaterThan(3);
  const found: string[] = [];
  for (const [, residents] of rows) {
    await attack(town, async (plot) => {
      await answerBought(plot, Number(residents));
      found.push(`| ${residents} | ${await counting(plot, town.bought)} |`);
    });
  }
  expect(found).toEqual(rows.map(([row]) => row));
});

test("one honest answer each is not enough where people answer few, and two are", () =>
  attack(town, async (plot) => {
    await answerBought(plot, 1);
    await plot.sql`
      delete from private.interactions
      where receiver_id = any (${town.residents}::uuid[]) and hashtext(giver_id::text || receiver_id::text) % 5 < 1
    `;
    expect(await counting(plot, town.bought)).toBe(0);
    expect(await counting(plot, town.residents)).toBeGreaterThan(300);
    await answerBought(plot, 2);
    expect(await counting(plot, town.bought)).toBeGreaterThan(60);
  }));

test("a tag that is always popular cannot be hijacked by a crowd, nor by a few who post much", () =>
  attack(town, async (plot) => {
    await plot.refresh();
    const before = await plot.people("football");
    const uses = await plot.uses("football");
    await plot.post([...town.fresh, ...town.bought], about("football"));
    await plot.refresh();
    expect(await plot.uses("football")).toBe(uses + 400);
    expect(await plot.people("football")).toBeLessThanOrEqual(before);
    expect(await plot.trendsIn("football")).toEqual([]);

    await plot.post(Array(20).fill(town.strangers.slice(0, 10)).flat(), about("football"));
    await plot.refresh();
    expect(await plot.people("football")).toBeLessThanOrEqual(before + 10);
    expect(await plot.trendsIn("football")).toEqual([]);

    await plot.post(town.residents.slice(0, 400), about("football"));
    await plot.refresh();
    expect(await plot.people("football")).toBeGreaterThan(before + 100);
    expect(await plot.trendsIn("football")).toContain("hour");
  }));

test("one text by 60 people is one voice, with any signs, mentions and links", () =>
  attack(town, async (plot) => {
    const text = "Everybody should buy these wonderful shoes now";
    await plot.post(
      town.strangers,
      (place) =>
        `${"!".repeat(place)} ${place % 2 ? text.toUpperCase() : text} @resident_${place + 1} #news https://example.com/${place}`,
    );
    await plot.refresh();
    expect(await plot.uses("news")).toBe(60);
    expect(await plot.people("news")).toBe(1);
    expect(await plot.trendsIn("news")).toEqual([]);

    await plot.post(town.strangers, about("news"));
    await plot.refresh();
    expect(await plot.people("news")).toBe(60);
    expect(await plot.trendsIn("news")).toEqual(always);
  }));

test("60 people who take turns around each refresh count as the four who are there", () =>
  attack(town, async (plot) => {
    // The turns go on over the end of an hour.
    plot.pass(52);
    let posts: number[] = [];
    for (let turn = 0; turn < 15; turn++) {
      const last = posts;
      posts = await plot.post(town.strangers.slice(4 * turn, 4 * turn + 4), about("news"));
      await plot.delete(last);
      await plot.refresh();
      expect(await plot.people("news")).toBe(4);
      expect(await plot.trendsIn("news")).toEqual([]);
    }
    const [hour] =
      await plot.sql`select in_hour from private.trend_hours where kind = 'tag' and term = 'news'`;
    expect(hour?.in_hour).toBe(4);

    await plot.post(town.strangers, about("news"), 15);
    await plot.refresh();
    expect(await plot.people("news")).toBe(60);
    expect(await plot.trendsIn("news")).toEqual(always);
  }));

test("somebody who says a rival's tag all the time, or has it said for a day, does not stop it from trending", () =>
  attack(town, async (plot) => {
    await plot.refresh();
    expect(await plot.uses("rival")).toBeGreaterThan(2000);
    const raised = await plot.sql`
      select term, max(in_hour) as most from private.trend_hours where term in ('rival', 'tag7') group by term
    `;
    // The bought accounts raised nothing, and the hijacked ones did.
    expect([...raised].map(({ term }) => term)).toEqual(["tag7"]);
    expect(raised[0]?.most).toBeGreaterThanOrEqual(60);

    await plot.post(town.strangers, (place) => `${about("rival")(place)} and #tag7`);
    await plot.refresh();
    expect(await plot.trendsIn("rival")).toEqual(always);
    expect(await plot.trendsIn("tag7")).toContain("hour");
  }));
