/**
 * What the embedded platform changes in supabase/config.toml on a laptop. The file itself says
 * what production gets, because `supabase config push` carries it there.
 */
import type { ConfigOverrides } from "./config.ts";

/** Nobody wants to wait a minute for the second mail while trying a form out. */
export const development: ConfigOverrides = { auth: { email: { max_frequency: "1s" } } };
