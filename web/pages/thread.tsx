/** A post with what it answers above it, and its answers below. */
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { isOffline } from "../app/errors.ts";
import { t } from "../app/messages.ts";
import { type Card, plaza } from "../app/plaza.ts";
import type { PageProps } from "../app/router.ts";
import { isSignedIn, me } from "../app/session.ts";
import { onChange, onDone } from "../app/sync.ts";
import { Avatar } from "../parts/avatar.tsx";
import { Button } from "../parts/button.tsx";
import { Empty, Failed, Waiting } from "../parts/empty.tsx";
import { Page } from "../parts/page.tsx";
import { Post } from "../parts/post.tsx";
import { FullTime } from "../parts/time.tsx";
import { whileVisible } from "../parts/while-visible.ts";
import { cardById, cardOf, keepRows } from "../store/posts.ts";
import { newestIn, type ThreadRow as Row, withNewer } from "../store/thread.ts";

/** How often the answers are counted. */
const lookEveryMs = 20_000;
/** Postgres tells of an answer a moment before others can read it, so the page asks a moment later, and once more. */
const newsPausesMs = [300, 2_000];
/** Deeper answers are not moved further to the side. */
const deepest = 4;

export default function Thread({ params: { id = "" } }: PageProps) {
  const postId = Number(id);
  const rows = useSignal<Row[] | undefined>(undefined);
  const error = useSignal<unknown>(undefined);
  /** Answers that came since the thread was read. */
  const newer = useSignal(0);

  async function read(): Promise<void> {
    const answer = await plaza.rpc("thread", { post_id: postId });
    if (answer.data) {
      keepRows(answer.data.filter(hasPost));
      rows.value = answer.data;
      error.value = undefined;
      newer.value = 0;
      return;
    }
    // Without the network, the post alone is better than nothing.
    const card = isOffline(answer.error) ? await cardById(postId).catch(() => null) : null;
    if (card && !rows.value)
      rows.value = [{ id: postId, reply_to_id: null, depth: 0, post: card, reply_to: null, quoted: null }];
    if (!rows.value) error.value = answer.error;
  }

  /** Reads only the newer answers. The others stay where they are. */
  async function readNewer(): Promise<void> {
    const known = rows.value;
    if (!known || known.length === 0) return read();
    const { data } = await plaza.rpc("thread", { post_id: postId, after: newestIn(known) }).throwOnError();
    const all = withNewer(rows.value ?? known, data);
    if (!all) return read();
    keepRows(data.filter(hasPost));
    rows.value = all;
    newer.value = 0;
  }

  async function look(): Promise<void> {
    const newest = rows.value
      ?.filter(({ depth }) => depth === 1)
      .reduce((most, row) => Math.max(most, row.id), 0);
    if (newest === undefined) return read();
    const { data } = await plaza
      .rpc("count_newer", { feed: "replies", after: newest, of: id })
      .throwOnError();
    newer.value = data ?? 0;
  }

  useEffect(() => {
    void read();
    const stops = [
      whileVisible(lookEveryMs, look),
      // One's own answer shows at once.
      onDone(({ write }) => {
        if ("rpc" in write && write.rpc === "write_post" && write.args?.reply_to_id)
          void readNewer().catch(() => {});
      }),
      onChange((change) => {
        if (change.type !== "event" || change.payload.kind !== "reply") return;
        for (const pauseMs of newsPausesMs) setTimeout(() => void look().catch(() => {}), pauseMs);
      }),
      // The posts of somebody who is blocked leave at once.
      onDone(({ write }) => {
        if ("upsert" in write && write.upsert === "blocks") void read();
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [postId]);

  const found = rows.value;
  return (
    <Page title={t("post")} backTo="/">
      {found ? (
        found.length === 0 ? (
          <Empty icon="search" title={t("error_post_not_found")} />
        ) : (
          <Rows rows={found} newer={newer.value} onRead={readNewer} />
        )
      ) : error.value ? (
        <Failed error={error.value} onRetry={read} />
      ) : (
        <Waiting />
      )}
    </Page>
  );
}

function hasPost(row: Row): row is Row & { post: Card } {
  return row.post !== null;
}

function Rows({ rows, newer, onRead }: { rows: Row[]; newer: number; onRead: () => Promise<void> }) {
  const main = useRef<HTMLElement>(null);
  const above = rows.filter(({ depth }) => depth < 0);
  const self = rows.find(({ depth }) => depth === 0);
  const below = rows.filter(({ depth }) => depth > 0);

  useLayoutEffect(() => {
    // What it answers is above the post. The reader came for the post.
    if (above.length > 0 && scrollY === 0)
      main.current?.scrollIntoView({ block: "start", behavior: "instant" });
  }, []);

  return (
    <div class="thread">
      {above.map((row) => (
        <ThreadRow key={row.id} row={row} />
      ))}
      <article class="row main-post" ref={main} aria-labelledby={`row-${self?.id}-name`} tabIndex={-1}>
        {self && hasPost(self) ? (
          <>
            <Post row={self} id={`row-${self.id}`} isWhole />
            <Facts card={self.post} />
          </>
        ) : (
          <p class="post-gone">{t("post_not_here")}</p>
        )}
      </article>
      {self?.post && isSignedIn.value && (
        <a class="invite" href={`/compose?reply=${self.id}`}>
          {me.value && <Avatar person={me.value} />}
          <span>{t("compose_reply")}</span>
        </a>
      )}
      {newer > 0 && (
        <div class="newer-answers">
          <Button icon="down" onClick={onRead}>
            {t("answers_new", { count: newer })}
          </Button>
        </div>
      )}
      <section aria-label={t("answers")}>
        {below.map((row) => (
          <ThreadRow key={row.id} row={row} />
        ))}
      </section>
      {self && hasPost(self) && self.post.replies > below.filter(({ depth }) => depth === 1).length && (
        <p class="feed-end">
          <a href={`/posts/${self.id}/replies`}>{t("answers_all")}</a>
        </p>
      )}
    </div>
  );
}

function ThreadRow({ row }: { row: Row }) {
  const depth = Math.min(Math.max(row.depth - 1, 0), deepest);
  return (
    <article
      class={`row thread-row depth-${depth} ${row.depth < 0 ? "above" : ""}`}
      aria-labelledby={`row-${row.id}-name`}
      tabIndex={-1}
    >
      {hasPost(row) ? (
        <Post row={{ ...row, reply_to: row.depth === 1 ? null : row.reply_to }} id={`row-${row.id}`} />
      ) : (
        <p class="post-gone" id={`row-${row.id}-name`}>
          {t("post_not_here")}
        </p>
      )}
    </article>
  );
}

/** When it was written, and who did what with it. */
function Facts({ card: given }: { card: Card }) {
  const card = cardOf(given).value;
  if (!card) return null;
  const link = (part: string, words: string) => (
    <a href={`/posts/${card.id}/${part}`} key={part}>
      {words}
    </a>
  );
  return (
    <p class="post-facts">
      <FullTime at={card.created_at} />
      {card.edited_at && link("versions", t("post_edited"))}
      {card.likes > 0 && link("likes", t("likes_count", { count: card.likes }))}
      {card.reposts > 0 && link("reposts", t("reposts_count", { count: card.reposts }))}
      {card.quotes > 0 && link("quotes", t("quotes_count", { count: card.quotes }))}
    </p>
  );
}
