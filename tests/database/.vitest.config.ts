import { defineConfig } from "vitest/config";
export default defineConfig({
  root: "/work/main",
  test: {
    maxWorkers: 2,
    testTimeout: 60000,
    hookTimeout: 120000,
    include: ["tests/database/**/*.test.ts"],
    globalSetup: "tests/database/server.ts",
  },
});
