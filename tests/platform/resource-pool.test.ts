import { expect, test } from "vitest";
import { createResourcePool } from "../../platform/resource-pool.ts";

/** Resources are numbers from 1 on. */
const poolOf = (size: number, { waitingMax = 10, waitMs = 60_000 } = {}) => {
  let count = 0;
  return createResourcePool({
    size,
    make: () => ++count,
    waitingMax,
    waitMs,
    full: () => new Error("full"),
    late: () => new Error("late"),
  });
};

test("a resource is made when it is needed, and given to the next caller when it is free", async () => {
  const pool = poolOf(2);
  const first = await pool.take();
  first.release();
  const again = await pool.take();
  const second = await pool.take();
  expect([first.resource, again.resource, second.resource]).toEqual([1, 1, 2]);
  expect(pool.made).toEqual([1, 2]);
});

test("callers that wait are served in the order they came", async () => {
  const pool = poolOf(1);
  const served: string[] = [];
  const taken = await pool.take();
  const visit = async (name: string) => {
    const { release } = await pool.take();
    served.push(name);
    release();
  };
  const visits = ["alice", "bob", "carol"].map(visit);
  taken.release();
  await Promise.all(visits);
  expect(served).toEqual(["alice", "bob", "carol"]);
});

test("a resource that is given back twice goes to one caller only", async () => {
  const pool = poolOf(1, { waitMs: 1 });
  const taken = await pool.take();
  taken.release();
  taken.release();
  await pool.take();
  await expect(pool.take()).rejects.toThrow("late");
});

test("a full queue refuses at once, a place in it is free again after a caller gave up", async () => {
  const pool = poolOf(1, { waitingMax: 1 });
  const taken = await pool.take();
  const impatient = new AbortController();
  const given = pool.take(impatient.signal);
  await expect(pool.take()).rejects.toThrow("full");
  impatient.abort(new Error("gave up"));
  await expect(given).rejects.toThrow("gave up");
  const waiting = pool.take();
  taken.release();
  expect((await waiting).resource).toBe(1);
  await expect(pool.take(AbortSignal.abort(new Error("came too late")))).rejects.toThrow("came too late");
});

test("a closed pool refuses those who wait and those who come later", async () => {
  const pool = poolOf(1);
  const taken = await pool.take();
  const waiting = pool.take();
  pool.close(new Error("stopping"));
  await expect(waiting).rejects.toThrow("stopping");
  taken.release();
  await expect(pool.take()).rejects.toThrow("stopping");
});
