/**
 * Shows a feed by the ARIA feed pattern. Only the blocks of rows near the window are in the document; the
 * others are boxes of the height that they had. Page Up and Page Down go from row to row.
 */
import { untracked } from "@preact/signals";
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { t } from "../app/messages.ts";
import { isReturn } from "../app/router.ts";
import { focusRow } from "../app/shortcuts.ts";
import { isOffline } from "../app/sync.ts";
import { announce } from "../app/toasts.ts";
import type { Feed } from "../store/feeds.ts";
import { Button } from "./button.tsx";
import { Failed, Waiting } from "./empty.tsx";
import { Near, nearPx } from "./near.tsx";
import { whileVisible } from "./while-visible.ts";

interface FeedViewProps<Row> {
  feed: Feed<Row>;
  /** What the feed is, for screen readers. */
  label: string;
  /** One row. It gives the id `${id}-name` to what names the row. */
  row: (row: Row, id: string) => ComponentChildren;
  /** What to show if there is nothing. */
  empty: ComponentChildren;
}

/** How often newer rows are counted. */
const lookEveryMs = 20_000;
/** The height of a row that was never shown. */
const usualRowPx = 150;
/** How tall each block of rows was. */
const heights = new WeakMap<object, number>();

export function FeedView<Row extends { id: number }>({ feed, label, row, empty }: FeedViewProps<Row>) {
  const root = useRef<HTMLDivElement>(null);
  // Preact leaves alone what is the same object as before. The page around it may want other rows.
  const made = useMemo(() => new WeakMap<Row[], { first: number; block: VNode }>(), [row]);
  const { blocks, state, error, hasMore, isOld } = feed;

  const isNew = useMemo(() => {
    if (state.peek() !== "new") return false;
    // Now, and not after the page is drawn: what is here already is in the first frame.
    untracked(() => void feed.more());
    return true;
  }, [feed]);
  useEffect(() => {
    // Going back finds the rows that were left.
    if (!isNew) void (isReturn && blocks.peek().length > 0 ? feed.look() : feed.visit());
    return whileVisible(lookEveryMs, () => feed.look());
  }, [feed]);
  const wasOffline = useRef(false);
  useEffect(() => {
    if (isOffline.value) wasOffline.current = true;
    // The network is back: something may be new.
    else if (wasOffline.current) {
      wasOffline.current = false;
      void feed.look();
    }
  }, [feed, isOffline.value]);

  if (blocks.value.length === 0) {
    if (state.value === "failed") return <Failed error={error.value} onRetry={() => feed.restart()} />;
    return state.value === "ready" ? empty : <Waiting />;
  }
  let place = 0;
  return (
    <div class="feed-frame">
      <NewPill feed={feed} top={root} />
      {isOld.value && <p class="notice">{t("feed_old")}</p>}
      <div
        class="feed"
        role="feed"
        aria-label={label}
        aria-busy={state.value === "loading"}
        ref={root}
        onKeyDown={moveFocus}
      >
        {blocks.value.map((rows) => {
          const first = place + 1;
          place += rows.length;
          const before = made.get(rows);
          if (before?.first === first) return before.block;
          // The last row of a block never changes: rows are only added in front.
          const block = <Block key={rows.at(-1)?.id} rows={rows} first={first} row={row} />;
          made.set(rows, { first, block });
          return block;
        })}
      </div>
      <End feed={feed} />
      {state.value === "failed" && <Failed error={error.value} onRetry={() => feed.more()} />}
      {!hasMore.value && !isOld.value && <p class="feed-end">{t("feed_end")}</p>}
    </div>
  );
}

/** "3 new posts". They come in only when somebody asks, so nothing moves while it is read. */
function NewPill<Row>({ feed, top }: { feed: Feed<Row>; top: { current: HTMLElement | null } }) {
  const count = feed.newer.value;
  const words = count === 0 ? "" : count >= 100 ? t("feed_new_many") : t("feed_new", { count });
  useEffect(() => {
    if (count > 0) announce(words);
  }, [count]);
  if (count === 0) return null;
  return (
    <div class="new-pill">
      <Button
        kind="main"
        icon="up"
        onClick={async () => {
          await feed.showNewer();
          scrollTo({ top: 0, behavior: "instant" });
          top.current?.querySelector<HTMLElement>("article")?.focus({ preventScroll: true });
        }}
      >
        {words}
      </Button>
    </div>
  );
}

/** The blocks at the top that begin in the window are shown with the page. The others follow, one in each frame. */
const isAtOnce = (first: number) => first <= Math.max(1, innerHeight / usualRowPx);

interface BlockProps<Row> {
  rows: Row[];
  /** The place of the first row, from 1 on. */
  first: number;
  row: FeedViewProps<Row>["row"];
}

function Block<Row extends { id: number }>({ rows, first, row }: BlockProps<Row>) {
  return (
    <Near of={rows} heights={heights} usualPx={rows.length * usualRowPx} isAtOnce={isAtOnce(first)}>
      {() =>
        rows.map((each, index) => {
          const id = `row-${each.id}`;
          return (
            <article
              key={each.id}
              class="row"
              id={id}
              // biome-ignore lint/a11y/noNoninteractiveTabindex: the ARIA feed pattern asks for it
              tabIndex={0}
              aria-posinset={first + index}
              aria-setsize={-1}
              aria-labelledby={`${id}-name`}
            >
              {row(each, id)}
            </article>
          );
        })
      }
    </Near>
  );
}

/** Asks for the next page some time before the reader comes to the end. */
function End<Row>({ feed }: { feed: Feed<Row> }) {
  const element = useRef<HTMLDivElement>(null);
  const { hasMore, state, blocks } = feed;
  const mayLoad = hasMore.value && state.value === "ready";

  useEffect(() => {
    if (!mayLoad || !element.current) return undefined;
    // A busy page hears of several moments at once. The last one counts.
    const observer = new IntersectionObserver(
      (moments) => moments.at(-1)?.isIntersecting && void feed.more(),
      {
        rootMargin: `${nearPx}px 0px`,
      },
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [feed, mayLoad, blocks.value.length]);

  return (
    <div ref={element} class="feed-foot">
      {hasMore.value && state.value === "loading" && (
        <span class="spinner" role="status" aria-label={t("loading")} />
      )}
    </div>
  );
}

/** Page Down and Page Up move between the rows, Control with End and Home out of the feed. */
function moveFocus(event: KeyboardEvent): void {
  const feed = event.currentTarget as HTMLElement;
  if (event.ctrlKey && (event.key === "End" || event.key === "Home")) {
    const all = [
      ...document.querySelectorAll<HTMLElement>("a[href], button, input, textarea, select, [tabindex='0']"),
    ];
    const outside = all.filter((each) => !feed.contains(each) && each.offsetParent !== null);
    const isAfter = (each: HTMLElement) =>
      (feed.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
    const to = event.key === "End" ? outside.find(isAfter) : outside.findLast((each) => !isAfter(each));
    if (!to) return;
    event.preventDefault();
    to.focus();
  } else if (event.key === "PageDown" || event.key === "PageUp") {
    if (focusRow(event.key === "PageDown" ? 1 : -1, feed)) event.preventDefault();
  }
}
