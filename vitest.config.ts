import { defineConfig } from "vitest/config";

/** Real servers start slowly on a busy machine; these bound a hang, they measure nothing. */
const timeouts = { testTimeout: 60_000, hookTimeout: 120_000, teardownTimeout: 30_000 };

export default defineConfig({
  test: {
    // Every file starts real servers: two at once is what two cores carry.
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...timeouts,
          name: "parts",
          include: ["tests/{platform,functions}/**/*.test.ts"],
        },
      },
      {
        test: {
          ...timeouts,
          name: "database",
          include: ["tests/database/**/*.test.ts"],
          // One server for all; a database a test.
          globalSetup: "tests/database/server.ts",
        },
      },
      {
        test: {
          ...timeouts,
          name: "api",
          include: ["tests/api/**/*.test.ts"],
          // One platform for all, or the one that PLAZA_URL names.
          globalSetup: "tests/target.ts",
        },
      },
    ],
  },
});
