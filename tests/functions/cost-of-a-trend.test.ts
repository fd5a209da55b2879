/** docs/explanation/cost-of-a-trend.md says how many people make a trend. They are computed again here. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { forecasts } from "../../edge-functions/_shared/trends/baseline.ts";
import { score, trends } from "../../edge-functions/_shared/trends/score.ts";

/** Most tags differ from their forecast by about 40%. */
const spread = 0.15;

/** @returns how many people more than usual make a trend of these two windows */
function fewest(short: number, long: number): number {
  const window = (usual: number, more: number) =>
    usual === 0
      ? { observed: more, ...forecasts([]).now }
      : { observed: usual + more, people: usual, spread };
  for (let more = 1; more < 10_000; more++) {
    if (trends(score(window(short, more), window(long, more)), false)) return more;
  }
  throw new Error("no number of people makes a trend");
}

test("the table of people is right", async () => {
  const file = join(import.meta.dirname, "../../docs/explanation/cost-of-a-trend.md");
  const page = await readFile(file, "utf8");
  const rows = [...page.matchAll(/^\| ([\d, ]+) \| (\d+) \| (\d+) \| (\d+) \|$/gm)];
  expect(rows).toHaveLength(4);
  for (const [row, usual = "", ...people] of rows) {
    const [hour = 0, halfDay = 0, day = 0, week = 0] = usual.split(", ").map(Number);
    const found = [fewest(hour, halfDay), fewest(halfDay, day), fewest(day, week)];
    expect(people.map(Number), row).toEqual(found);
  }
});
