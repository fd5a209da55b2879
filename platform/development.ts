/**
 * What the embedded platform changes in supabase/config.toml on a laptop. The file itself says
 * what production gets, because `supabase config push` carries it there.
 */
import type { ConfigOverrides } from "./config.ts";
import type { Env } from "./env.ts";
import { isLoopback } from "./gateway/index.ts";

/** Nobody wants to wait a minute for the second mail while trying a form out. */
const development: ConfigOverrides = { auth: { email: { max_frequency: "1s" } } };

/**
 * @param host where the API listens
 * @returns nothing when others can reach it, or when PLAZA_DEVELOPMENT is off
 */
export function developmentConfig(host: string, env: Env): ConfigOverrides {
  return isLoopback(host) && env.PLAZA_DEVELOPMENT !== "off" ? development : {};
}
