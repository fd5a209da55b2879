/** What more people talk about than one would expect, with the reasons. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { CompositeTypes, Enums } from "../../../supabase/database.types.ts";
import { number, t } from "../../app/messages.ts";
import { plaza } from "../../app/plaza.ts";
import { navigate, type PageProps } from "../../app/router.ts";
import { isSignedIn } from "../../app/session.ts";
import { Empty, Failed, Waiting } from "../../parts/empty.tsx";
import { Choice } from "../../parts/field.tsx";
import { Page } from "../../parts/page.tsx";
import { Phrase } from "../../parts/phrase.tsx";
import { Post, Quoted } from "../../parts/post.tsx";
import { Tabs } from "../../parts/tabs.tsx";
import { OuterLink } from "../../parts/text.tsx";
import { Time } from "../../parts/time.tsx";
import { whileVisible } from "../../parts/while-visible.ts";
import { keep, keepRows } from "../../store/posts.ts";
import { Why } from "./why.tsx";

type Period = Enums<"trend_period">;
type Scope = Enums<"trend_scope">;
const kinds = ["tags", "links", "posts"] as const;
type Kind = (typeof kinds)[number];

/** A tag or a link. */
type Term = CompositeTypes<"trending_tag"> | CompositeTypes<"trending_link">;
type TrendingPost = CompositeTypes<"trending_post">;

/** The server computes trends each minute. */
const readEveryMs = 60_000;
const pageSize = 20;

export default function Trends({ query }: PageProps) {
  const kind = oneOf(query.get("kind"), kinds, "tags");
  const period = oneOf(query.get("period"), ["hour", "day", "week"] as const, "day");
  const scope = isSignedIn.value
    ? oneOf(query.get("scope"), ["everybody", "network"] as const, "everybody")
    : "everybody";
  const path = (change: Record<string, string>) => {
    const given = { kind, period, scope, ...change };
    const usual: Record<string, string> = { kind: "tags", period: "day", scope: "everybody" };
    const search = new URLSearchParams(
      Object.entries(given).filter(([name, value]) => value !== usual[name]),
    );
    return search.size > 0 ? `/trends?${search}` : "/trends";
  };
  return (
    <Page title={t("trends")}>
      <Tabs
        label={t("trends")}
        tabs={kinds.map((each) => ({ href: path({ kind: each }), label: t(`trends_${each}`) }))}
      />
      <div class="filters">
        <Choice
          label={t("trends_period")}
          name="period"
          value={period}
          onChange={(event) => navigate(path({ period: event.currentTarget.value }), { replace: true })}
          options={[
            ["hour", t("period_hour")],
            ["day", t("period_day")],
            ["week", t("period_week")],
          ]}
        />
        {isSignedIn.value && (
          <Choice
            label={t("trends_scope")}
            name="scope"
            value={scope}
            onChange={(event) => navigate(path({ scope: event.currentTarget.value }), { replace: true })}
            options={[
              ["everybody", t("scope_everybody")],
              ["network", t("scope_network")],
            ]}
          />
        )}
      </div>
      <List key={`${kind} ${period} ${scope}`} kind={kind} period={period} scope={scope} />
    </Page>
  );
}

function oneOf<Value extends string>(
  value: string | null,
  values: readonly Value[],
  otherwise: Value,
): Value {
  return values.find((each) => each === value) ?? otherwise;
}

function List({ kind, period, scope }: { kind: Kind; period: Period; scope: Scope }) {
  const terms = useSignal<Term[]>([]);
  const posts = useSignal<TrendingPost[]>([]);
  const isRead = useSignal(false);
  const error = useSignal<unknown>(undefined);

  async function read(): Promise<void> {
    const args = { period, scope, page_size: pageSize };
    error.value = undefined;
    if (kind === "posts") {
      const answer = await plaza.rpc("trending_posts", args);
      if (answer.error) return failed(answer.error);
      keepRows(answer.data);
      posts.value = answer.data;
    } else {
      const answer = await plaza.rpc(kind === "tags" ? "trending_tags" : "trending_links", args);
      if (answer.error) return failed(answer.error);
      for (const { posts: examples } of answer.data) for (const card of examples) keep(card);
      terms.value = answer.data;
    }
    isRead.value = true;
  }
  function failed(why: unknown): void {
    // What is shown stays.
    if (!isRead.value) error.value = why;
  }
  useEffect(() => {
    void read();
    return whileVisible(readEveryMs, read);
  }, []);

  if (error.value !== undefined) return <Failed error={error.value} onRetry={read} />;
  if (!isRead.value) return <Waiting />;
  if ((kind === "posts" ? posts.value : terms.value).length === 0)
    return (
      <Empty icon="trend" title={t("trends_empty")}>
        {t("trends_empty_hint")}
      </Empty>
    );
  if (kind === "posts") {
    return (
      <ol>
        {posts.value.map((row) => (
          <li key={row.id} class="row">
            <p class="post-why trend-why">{t("trend_post_people", { count: row.people })}</p>
            <Post row={row} id={`trend-${row.id}`} />
          </li>
        ))}
      </ol>
    );
  }
  return (
    <ol class="trends">
      {terms.value.map((row) => (
        <TermRow key={termOf(row)} row={row} period={period} scope={scope} />
      ))}
    </ol>
  );
}

const termOf = (row: Term) => ("tag" in row ? row.tag : row.url);

function TermRow({ row, period, scope }: { row: Term; period: Period; scope: Scope }) {
  const { people, expected, since, posts } = row;
  const usual = number(expected, { maximumFractionDigits: expected < 10 ? 1 : 0 });
  return (
    <li class="row trend">
      <h2 dir="auto">
        {"tag" in row ? (
          <a href={`/tags/${encodeURIComponent(row.tag)}`}>#{row.tag}</a>
        ) : (
          <OuterLink url={row.url}>{row.url.replace(/^https?:\/\//, "")}</OuterLink>
        )}
      </h2>
      <p>
        {t("trend_people", { count: people })}{" "}
        <span class="note">{t(scope === "network" ? "trend_usual_network" : "trend_usual", { usual })}</span>
      </p>
      {since && (
        <p class="note">
          <Phrase of="trend_since" nodes={{ time: <Time at={since} /> }} />
        </p>
      )}
      {scope === "everybody" && (
        <Why kind={"tag" in row ? "tag" : "link"} term={termOf(row)} period={period} />
      )}
      <details>
        <summary>{t("trend_examples", { count: posts.length })}</summary>
        {posts.map((card) => (
          <Quoted key={card.id} card={card} />
        ))}
      </details>
    </li>
  );
}
