/** The pauses between two tries: random, longer with each failure, and never too long. */
import { afterEach, expect, test, vi } from "vitest";
import { backOffMs } from "../../clients/sync.ts";

afterEach(() => vi.restoreAllMocks());

/** The pauses of somebody who draws this number each time. */
function pauses(drawn: number, failures: number[]): number[] {
  vi.spyOn(Math, "random").mockReturnValue(drawn);
  return failures.map((count) => backOffMs(count));
}

test("the bound doubles from one second to thirty, however often it fails", () => {
  expect(pauses(1, [1, 2, 3, 4, 5, 6, 7, 1000])).toEqual([
    1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000,
  ]);
});

test("each client draws its pause between nothing and the bound", () => {
  expect(pauses(0, [1, 5, 1000])).toEqual([0, 0, 0]);
  expect(pauses(0.5, [1, 5, 1000])).toEqual([500, 8000, 15_000]);
});

test("a thousand clients that fail at one moment come back at different ones", () => {
  const seconds = Array.from({ length: 1000 }, () => Math.floor(backOffMs(6) / 1000));
  // Each of the thirty seconds gets about 33 of them. Without jitter one second gets all.
  for (let second = 0; second < 30; second++) {
    const comes = seconds.filter((one) => one === second).length;
    expect(comes, `second ${second}`).toBeGreaterThan(0);
    expect(comes, `second ${second}`).toBeLessThan(100);
  }
});
