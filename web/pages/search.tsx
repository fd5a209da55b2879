/** Finds posts and people. What one can write in a search for posts is shown below the field. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { t } from "../app/messages.ts";
import { type FeedRow, type Person, plaza } from "../app/plaza.ts";
import { navigate, type PageProps } from "../app/router.ts";
import { Empty, Failed, Waiting } from "../parts/empty.tsx";
import { FeedView } from "../parts/feed.tsx";
import { Page } from "../parts/page.tsx";
import { PersonLine } from "../parts/person-line.tsx";
import { Post } from "../parts/post.tsx";
import { Grammar, SearchBox } from "../parts/search-box.tsx";
import { Tabs } from "../parts/tabs.tsx";
import { feedOf } from "../store/feeds.ts";
import { keepRows } from "../store/posts.ts";

export default function Search({ query }: PageProps) {
  const words = query.get("q")?.trim() ?? "";
  const isPeople = query.get("in") === "people";
  const path = (q: string, people: boolean) =>
    `/search?q=${encodeURIComponent(q)}${people ? "&in=people" : ""}`;
  return (
    <Page title={t("search")}>
      <SearchBox
        words={words}
        label={t("search")}
        onSearch={(next) => navigate(path(next, isPeople), { replace: words !== "" })}
      />
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
      {words && (isPeople ? <People key={words} words={words} /> : <Posts key={words} words={words} />)}
    </Page>
  );
}

function Posts({ words }: { words: string }) {
  const feed = feedOf<FeedRow>(`search:${words}`, {
    read: (cursors) => plaza.rpc("search_posts", { query: words, ...cursors }),
    seen: keepRows,
  });
  return (
    <FeedView
      feed={feed}
      label={t("search_results")}
      row={(row, id) => <Post row={row} id={id} />}
      empty={
        <Empty icon="search" title={t("search_nothing")}>
          {t("search_nothing_hint")}
        </Empty>
      }
    />
  );
}

/** The best ones come first, and there are no further pages. */
function People({ words }: { words: string }) {
  const people = useSignal<Person[] | undefined>(undefined);
  const error = useSignal<unknown>(undefined);
  async function read(): Promise<void> {
    error.value = undefined;
    const answer = await plaza.rpc("search_people", { query: words, page_size: 50 });
    if (answer.error) error.value = answer.error;
    else people.value = answer.data;
  }
  useEffect(() => void read(), []);
  if (error.value !== undefined) return <Failed error={error.value} onRetry={read} />;
  if (!people.value) return <Waiting />;
  if (people.value.length === 0) return <Empty icon="people" title={t("people_none")} />;
  return (
    <ul class="people" aria-label={t("search_results")}>
      {people.value.map(({ id, profile, follows_you }) => (
        <li key={id} class="row">
          <PersonLine person={profile} note={follows_you ? t("follows_you") : undefined} />
        </li>
      ))}
    </ul>
  );
}
