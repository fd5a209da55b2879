/**
 * The number that random tests start from. PLAZA_SEED chooses it, and the log of a test that fails
 * tells it. `npm test` takes it from the commit: the same commit always plays the same
 * histories, and each commit plays others. Without it, as with `npx vitest`, every run differs.
 */
import fc from "fast-check";

/** 0 to 2^31 - 1. */
export const seed = Number(process.env.PLAZA_SEED ?? Date.now() % 2 ** 31);
if (!Number.isInteger(seed)) throw new Error("PLAZA_SEED is a whole number");

fc.configureGlobal({ seed });
