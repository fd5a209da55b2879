import { defineConfig } from "vitest/config";

/** Real servers start slowly on a busy machine. These limits only stop a test that hangs. */
const timeouts = {
  testTimeout: 120_000,
  hookTimeout: 120_000,
  teardownTimeout: 30_000,
  expect: { poll: { timeout: 20_000 } },
};

export default defineConfig({
  test: {
    // Every test file starts real servers. Two cores can run two files at once.
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...timeouts,
          setupFiles: "tests/seed.ts",
          name: "parts",
          include: ["tests/{platform,functions}/**/*.test.ts"],
        },
      },
      {
        test: {
          ...timeouts,
          setupFiles: "tests/seed.ts",
          name: "database",
          include: ["tests/database/**/*.test.ts"],
          // All files share one server. Each test has its own database.
          globalSetup: "tests/database/server.ts",
        },
      },
      {
        test: {
          ...timeouts,
          setupFiles: "tests/seed.ts",
          name: "api",
          include: ["tests/{api,clients}/**/*.test.ts"],
          // All files share one platform, or the deployment that PLAZA_URL names.
          globalSetup: "tests/target.ts",
        },
      },
      {
        test: {
          ...timeouts,
          setupFiles: "tests/seed.ts",
          name: "web",
          include: ["tests/web/**/*.test.ts"],
          // The same platform. It serves the web client too.
          globalSetup: "tests/target.ts",
        },
      },
    ],
  },
});
