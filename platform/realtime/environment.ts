/**
 * Realtime's limits from the environment, under the names that Supabase's own server reads.
 * Source: supabase/realtime ENVS.md, config/runtime.exs.
 */
import { PlatformError } from "../errors.ts";
import type { RealtimeLimits } from "./limits.ts";

/** Each variable, and the limit that it sets. */
const variables = {
  MAX_CONNECTIONS: "sockets",
  TENANT_MAX_CONCURRENT_USERS: "connections",
  TENANT_MAX_JOINS_PER_SECOND: "joinsPerS",
  TENANT_MAX_EVENTS_PER_SECOND: "eventsPerS",
  TENANT_MAX_CHANNELS_PER_CLIENT: "channelsPerSocket",
  CLIENT_PRESENCE_MAX_CALLS: "presenceCalls",
  CLIENT_PRESENCE_WINDOW_MS: "presenceWindowMs",
  CONNECT_ERROR_BACKOFF_MS: "connectBackoffMs",
  CHANNEL_ERROR_BACKOFF_MS: "joinBackoffMs",
  NO_CHANNEL_TIMEOUT_IN_MS: "emptySocketMs",
} as const satisfies Record<string, keyof RealtimeLimits>;

/** Above this, a timer of Node would run out at once. */
const most = 2 ** 31 - 1;

/**
 * The limits that the environment sets, and no others.
 * @throws PlatformError realtime_limit_invalid
 */
export function limitsOf(env: Record<string, string | undefined>): Partial<RealtimeLimits> {
  const limits: Partial<RealtimeLimits> = {};
  for (const [name, limit] of Object.entries(variables)) {
    const value = env[name];
    if (value === undefined) continue;
    if (!/^\d+$/.test(value) || Number(value) > most) {
      throw new PlatformError(
        "realtime_limit_invalid",
        `The environment variable ${name} is a whole number from 0 to ${most}, not ${JSON.stringify(value)}.`,
      );
    }
    limits[limit] = Number(value);
  }
  return limits;
}
