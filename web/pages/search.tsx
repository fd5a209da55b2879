/** Finds posts and people. What one can write in a search for posts is shown below the field. */
import { useSignal } from "@preact/signals";
import { t } from "../app/messages.ts";
import { type FeedRow, plaza } from "../app/plaza.ts";
import { navigate, type PageProps } from "../app/router.ts";
import { Empty } from "../parts/empty.tsx";
import { Page } from "../parts/page.tsx";
import { People, peopleFeed } from "../parts/people.tsx";
import { PostFeed } from "../parts/post-feed.tsx";
import { Grammar, SearchBox } from "../parts/search-box.tsx";
import { Tabs } from "../parts/tabs.tsx";
import { feedOf, forgetFeed } from "../store/feeds.ts";
import { keepRows } from "../store/posts.ts";

export default function Search({ query }: PageProps) {
  const words = query.get("q")?.trim() ?? "";
  const isPeople = query.get("in") === "people";
  const path = (q: string, people: boolean) =>
    `/search?q=${encodeURIComponent(q)}${people ? "&in=people" : ""}`;
  /** How often the same words were searched again. */
  const tries = useSignal(0);
  const key = `${words} ${tries.value}`;

  function search(next: string): void {
    if (next === words) {
      forgetFeed(isPeople ? `people:${words}` : `search:${words}`);
      tries.value++;
    } else navigate(path(next, isPeople), { replace: words !== "" });
  }

  return (
    <Page title={t("search")}>
      <SearchBox words={words} label={t("search")} onSearch={search} />
      {words && (
        <Tabs
          label={t("search_in")}
          tabs={[
            { href: path(words, false), label: t("posts") },
            { href: path(words, true), label: t("people") },
          ]}
        />
      )}
      {!isPeople && <Grammar />}
      {!words && <Empty icon="search" title={t("search_hint")} />}
      {words && (isPeople ? <Found key={key} words={words} /> : <Posts key={key} words={words} />)}
    </Page>
  );
}

function Posts({ words }: { words: string }) {
  const feed = feedOf<FeedRow>(`search:${words}`, {
    read: (cursors) => plaza.rpc("search_posts", { query: words, ...cursors }),
    seen: keepRows,
  });
  return (
    <PostFeed
      feed={feed}
      label={t("search_results")}
      empty={
        <Empty icon="search" title={t("search_nothing")}>
          {t("search_nothing_hint")}
        </Empty>
      }
    />
  );
}

/** The best ones come first, and there are no further pages. */
function Found({ words }: { words: string }) {
  const feed = peopleFeed(`people:${words}`, ({ before, after }) =>
    before || after ? nothing : plaza.rpc("search_people", { query: words, page_size: 50 }),
  );
  return (
    <People
      feed={feed}
      label={t("search_results")}
      empty={<Empty icon="people" title={t("people_none")} />}
    />
  );
}

const nothing = Promise.resolve({ data: [], error: null });
