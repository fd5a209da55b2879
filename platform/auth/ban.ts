/** How long an administrator bans a user: `ban_duration` of /admin/users. */
import { invalid } from "./errors.ts";

const unitsMs: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
/** The longest duration that Go can hold: 2^63 nanoseconds, which is 292 years. */
const longestMs = 2 ** 63 / 1e6;

/** Reads a duration as Go writes it ("24h", "1h30m"). "none" lifts a ban, an empty text changes nothing. */
export function readBan(duration: string): Date | null | undefined {
  if (duration === "") return undefined;
  if (duration === "none") return null;
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  const lengthMs = parts.reduce(
    (sum, [, count, unit]) => sum + Number(count) * (unitsMs[unit ?? ""] ?? 0),
    0,
  );
  const isDuration = parts.length > 0 && parts.map((part) => part[0]).join("") === duration;
  if (!isDuration || lengthMs >= longestMs) {
    throw invalid(`invalid format for ban duration: "${duration.slice(0, 30)}"`);
  }
  return lengthMs === 0 ? null : new Date(Date.now() + lengthMs);
}
