/**
 * A platform in a process of its own, so that a test sees whether it ends. It prints its addresses and
 * keys as one line of JSON. It stops when its input closes.
 */
import { createLog } from "../../../platform/log.ts";
import { createPlatform } from "../../../platform/platform.ts";

const plenty = 1_000_000;

const platform = await createPlatform({
  ephemeralPorts: true,
  seed: true,
  log: createLog((line) => console.error(line), "warn"),
  config: {
    auth: {
      rate_limit: {
        email_sent: plenty,
        sign_in_sign_ups: plenty,
        token_refresh: plenty,
        token_verifications: plenty,
      },
    },
    functions: {
      "own-connection": {
        verify_jwt: false,
        entrypoint: "../tests/platform/faults/edge-functions/own-connection/index.js",
        import_map: "../deno.json",
      },
    },
  },
});
console.log(JSON.stringify({ ...platform.env, ADMIN_URL: platform.adminUrl }));
process.stdin.resume();
process.stdin.once("close", async () => {
  await platform[Symbol.asyncDispose]();
  process.exit();
});
