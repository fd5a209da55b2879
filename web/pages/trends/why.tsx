/** Why something trends, in plain words: the answer of `explain_trend()`, docs/reference/trends.md. */
import { useSignal } from "@preact/signals";
import type { Enums } from "../../../supabase/database.types.ts";
import { number, t } from "../../app/messages.ts";
import { plaza } from "../../app/plaza.ts";
import { Failed, Waiting } from "../../parts/empty.tsx";
import { FullTime } from "../../parts/time.tsx";

interface Window {
  people: number;
  expected: number;
  forecast: number;
  network_people: number;
  network_forecast: number;
}

interface Explanation {
  at: string;
  trends: boolean;
  is_hidden: boolean;
  begins_at: number;
  ends_below: number;
  recomputed: { score: number; probability: number; short: Window | null; long: Window | null };
  recounted: { short: number | null; long: number | null };
  agrees: boolean | null;
}

interface WhyProps {
  kind: Enums<"trend_kind">;
  term: string;
  period: Enums<"trend_period">;
}

/** The two windows of each period. */
const windows = {
  hour: ["window_hour", "window_12_hours"],
  day: ["window_12_hours", "window_day"],
  week: ["window_day", "window_week"],
} as const;

export function Why({ kind, term, period }: WhyProps) {
  const answer = useSignal<Explanation | undefined>(undefined);
  const error = useSignal<unknown>(undefined);

  async function read(): Promise<void> {
    error.value = undefined;
    const { data, error: failure } = await plaza.rpc("explain_trend", { tag: term, kind, period });
    if (failure) error.value = failure;
    else answer.value = data as unknown as Explanation;
  }

  return (
    <details
      class="why"
      onToggle={(event) => {
        if (event.currentTarget.open && !answer.value) void read();
      }}
    >
      <summary>{t("why")}</summary>
      {error.value !== undefined && <Failed error={error.value} onRetry={read} />}
      {!answer.value && error.value === undefined && <Waiting rows={1} />}
      {answer.value && <Words why={answer.value} period={period} />}
    </details>
  );
}

function Words({ why, period }: { why: Explanation; period: WhyProps["period"] }) {
  const { recomputed, recounted, agrees, begins_at, ends_below, at } = why;
  const [short, long] = windows[period];
  return (
    <ul class="why-words">
      {recomputed.short && <li>{windowWords(t(short), recomputed.short)}</li>}
      {recomputed.long && <li>{windowWords(t(long), recomputed.long)}</li>}
      {recomputed.short && <li>{busyWords(recomputed.short)}</li>}
      <li>{t("why_chance", { odds: odds(recomputed.probability) })}</li>
      <li>
        {t("why_score", {
          score: number(recomputed.score, { maximumFractionDigits: 1 }),
          begins: begins_at,
          ends: ends_below,
        })}
      </li>
      {recounted.short !== null && recounted.long !== null && (
        <li>{t("why_recounted", { short: recounted.short, long: recounted.long })}</li>
      )}
      {agrees !== null && <li>{t(agrees ? "why_agrees" : "why_disagrees")}</li>}
      {why.is_hidden && <li>{t("why_hidden")}</li>}
      <li>
        {t("why_counted")}{" "}
        <span class="note">
          {t("why_at")} <FullTime at={at} />
        </span>
      </li>
    </ul>
  );
}

function windowWords(window: string, { people, expected }: Window): string {
  const usual = number(expected, { maximumFractionDigits: expected < 10 ? 1 : 0 });
  return t("why_window", { window, count: people, usual });
}

function busyWords({ network_people, network_forecast }: Window): string {
  return t("why_busy", { count: network_people, usual: Math.round(network_forecast) });
}

/** 0.00001 as "1 in 100,000". */
function odds(probability: number): string {
  const most = 1e9;
  const one = probability > 0 ? 1 / probability : most;
  return number(Math.min(most, one < 100 ? Math.max(1, Math.round(one)) : Number(one.toPrecision(1))));
}
