/** More about a post: who likes and reposts it, its quotes, all its answers, and what it said before it was edited. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Database } from "../../supabase/database.types.ts";
import { type MessageKey, t } from "../app/messages.ts";
import { plaza } from "../app/plaza.ts";
import type { PageProps } from "../app/router.ts";
import { Empty, Failed, Waiting } from "../parts/empty.tsx";
import { Page } from "../parts/page.tsx";
import { People, peopleFeed } from "../parts/people.tsx";
import { PostFeed } from "../parts/post-feed.tsx";
import { Tabs } from "../parts/tabs.tsx";
import { FullTime } from "../parts/time.tsx";
import { quotesFeed, repliesFeed } from "../store/sources.ts";

const parts = ["replies", "quotes", "reposts", "likes", "versions"] as const;
type Part = (typeof parts)[number];
const titles: Record<Part, MessageKey> = {
  replies: "answers",
  quotes: "quotes",
  reposts: "reposts",
  likes: "likes",
  versions: "versions",
};

export default function AboutPost({ params: { id = "", part = "" } }: PageProps) {
  if (!isPart(part)) return <Page title={t("not_found")}>{t("not_found_text")}</Page>;
  const postId = Number(id);
  return (
    <Page title={t(titles[part])} backTo={`/posts/${id}`}>
      <Tabs
        label={t("post")}
        tabs={parts.map((each) => ({ href: `/posts/${id}/${each}`, label: t(titles[each]) }))}
      />
      {part === "replies" && (
        <PostFeed
          feed={repliesFeed(postId)}
          label={t("answers")}
          empty={<Empty icon="reply" title={t("answers_none")} />}
        />
      )}
      {part === "quotes" && (
        <PostFeed
          feed={quotesFeed(postId)}
          label={t("quotes")}
          empty={<Empty icon="quote" title={t("quotes_none")} />}
        />
      )}
      {(part === "likes" || part === "reposts") && <PeopleOf part={part} postId={postId} />}
      {part === "versions" && <Versions postId={postId} />}
    </Page>
  );
}

function isPart(part: string): part is Part {
  return (parts as readonly string[]).includes(part);
}

function PeopleOf({ part, postId: post_id }: { part: "likes" | "reposts"; postId: number }) {
  const feed = peopleFeed(`${part} ${post_id}`, (cursors) =>
    plaza.rpc(part === "likes" ? "likers" : "reposters", { post_id, ...cursors }),
  );
  return (
    <People
      feed={feed}
      label={t(part)}
      empty={
        <Empty icon={part === "likes" ? "heart" : "repost"} title={t("people_none")}>
          {part === "likes" && t("likes_hidden")}
        </Empty>
      }
    />
  );
}

type Version = Database["public"]["Tables"]["post_versions"]["Row"];

function Versions({ postId }: { postId: number }) {
  const versions = useSignal<Version[] | undefined>(undefined);
  const error = useSignal<unknown>(undefined);
  async function read(): Promise<void> {
    const answer = await plaza
      .from("post_versions")
      .select("*")
      .eq("post_id", postId)
      .order("version", { ascending: false });
    error.value = answer.error;
    if (answer.data) versions.value = answer.data;
  }
  useEffect(() => void read(), [postId]);

  if (error.value) return <Failed error={error.value} onRetry={read} />;
  if (!versions.value) return <Waiting />;
  if (versions.value.length === 0) return <Empty icon="clock" title={t("versions_none")} />;
  return (
    <ol>
      {versions.value.map((version) => (
        <li key={version.version} class="row draft">
          <p class="note">
            {t("version_until")} <FullTime at={version.replaced_at} />
          </p>
          {version.content_warning && <p dir="auto">{version.content_warning}</p>}
          {version.title && (
            <p class="post-title" dir="auto">
              {version.title}
            </p>
          )}
          <p class="text" dir="auto">
            {version.content}
          </p>
        </li>
      ))}
    </ol>
  );
}
