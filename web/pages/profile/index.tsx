/**
 * A person: who they are, what they are to the viewer, and what they write, answer and like. The profile and the first
 * posts are read at the same time. Each tab has an address of its own.
 */
import { useEffect, useRef } from "preact/hooks";
import type { Change } from "../../../clients/sync.ts";
import { type MessageKey, t } from "../../app/messages.ts";
import { type Author, type FeedRow, type ProfilePage, plaza } from "../../app/plaza.ts";
import { navigate, type PageProps } from "../../app/router.ts";
import { userId } from "../../app/session.ts";
import { onChange } from "../../app/sync.ts";
import { Empty, Failed, Waiting } from "../../parts/empty.tsx";
import type { IconName } from "../../parts/icon.tsx";
import { Page } from "../../parts/page.tsx";
import { nameOf, profilePath } from "../../parts/person-line.tsx";
import { PostFeed } from "../../parts/post-feed.tsx";
import { Tabs } from "../../parts/tabs.tsx";
import { whileVisible } from "../../parts/while-visible.ts";
import { type Cursors, type Feed, feedOf } from "../../store/feeds.ts";
import { profileOf, readProfile, relationOf } from "../../store/people.ts";
import { keepRows } from "../../store/posts.ts";
import { Head } from "./head.tsx";
import { PeopleLike } from "./people-like.tsx";

/** How often it is asked what changed, such as a name. */
const lookEveryMs = 60_000;

/** Kinds of notifications that tell what their actors are to the viewer. */
const telling = ["follow", "follow_request", "request_accepted"];

/** Whether this person may be something else to the viewer now: they accepted a request, or the page was away. */
function concerns(change: Change, id: string | undefined): boolean {
  if (change.stream !== `user:${userId.peek()}`) return false;
  if (change.type !== "event") return change.type === "replace";
  const { kind, actors } = change.payload as { kind?: string; actors?: Author[] };
  return telling.includes(kind ?? "") && actors?.some((actor) => actor.id === id) === true;
}

type Tab = "posts" | "replies" | "likes";

const rpcs = { posts: "profile_feed", replies: "profile_replies", likes: "profile_likes" } as const;
const counted = { posts: "profile", replies: "profile_replies", likes: "profile_likes" } as const;
const empties: Record<Tab, readonly [IconName, MessageKey]> = {
  posts: ["pen", "profile_posts_empty"],
  replies: ["reply", "profile_replies_empty"],
  likes: ["heart", "profile_likes_empty"],
};

function profileFeed(username: string, tab: Tab): Feed<FeedRow> {
  return feedOf<FeedRow>(`profile ${username.toLowerCase()} ${tab}`, {
    read: (cursors: Cursors) => plaza.rpc(rpcs[tab], { username, ...cursors }),
    count(after) {
      const id = profileOf(username).peek().profile?.id;
      return plaza.rpc("count_newer", { feed: counted[tab], after, of: id ?? null });
    },
    seen: keepRows,
  });
}

export default function Profile({ params: { username = "", tab = "posts" } }: PageProps) {
  const state = profileOf(username);
  const { profile, error, isGone } = state.value;

  useEffect(() => {
    void readProfile(username);
    return whileVisible(lookEveryMs, () => readProfile(username));
  }, [username]);
  useEffect(
    () =>
      onChange((change) => {
        if (concerns(change, profileOf(username).peek().profile?.id)) void readProfile(username);
      }),
    [username],
  );
  // A name that the person gave up leads to the one they have now.
  useEffect(() => {
    if (profile && profile.username !== username && isTab(tab))
      navigate(pathOf(profile, tab), { replace: true });
  }, [profile?.username, username]);

  if (isGone || !isTab(tab)) {
    return (
      <Page title={t("not_found")} backTo="/">
        <Empty icon="person" title={t("error_profile_not_found")} />
      </Page>
    );
  }
  return (
    <Page title={profile ? nameOf(profile) : `@${username}`} backTo="/">
      {profile ? <Head profile={profile} /> : !error && <Waiting rows={1} />}
      {error && !profile ? (
        <Failed error={error} onRetry={() => readProfile(username)} />
      ) : (
        // A key: the posts of the next person are another feed.
        <Shown key={`${username} ${tab}`} username={username} tab={tab} profile={profile} />
      )}
    </Page>
  );
}

function isTab(tab: string): tab is Tab {
  return Object.hasOwn(rpcs, tab);
}

function pathOf(person: Pick<ProfilePage, "username">, tab: Tab): string {
  return tab === "posts" ? profilePath(person) : `${profilePath(person)}/${tab}`;
}

function Shown({ username, tab, profile }: { username: string; tab: Tab; profile?: ProfilePage }) {
  const feed = profileFeed(username, tab);
  const isOwn = profile?.id === userId.value;
  // The first posts are asked for without waiting for the profile.
  useEffect(() => {
    if (feed.state.peek() === "new") void feed.more();
  }, [feed]);
  const { is_following, is_blocked } = profile ? relationOf(profile.id).value : {};
  // To follow a private account, or to block, changes what one sees.
  const sees = `${is_following === true && profile?.is_private} ${is_blocked === true}`;
  const saw = useRef(sees);
  useEffect(() => {
    if (profile && saw.current !== sees && feed.state.peek() !== "new") void feed.restart();
    saw.current = sees;
  }, [sees]);

  if (!profile) return <Waiting />;
  if (is_blocked) {
    return (
      <Empty icon="lock" title={t("profile_blocked", { name: `@${profile.username}` })}>
        {t("profile_blocked_hint")}
      </Empty>
    );
  }
  if (profile.is_private && !is_following && !isOwn) {
    return (
      <Empty icon="lock" title={t("profile_private")}>
        {t("profile_private_hint")}
      </Empty>
    );
  }
  const [icon, words] = empties[tab];
  const likesAreHidden = tab === "likes" && !profile.shows_likes;
  const tabs: Tab[] = profile.shows_likes || isOwn ? ["posts", "replies", "likes"] : ["posts", "replies"];
  return (
    <>
      <Tabs
        label={t("profile_parts")}
        tabs={tabs.map((each) => ({ href: pathOf({ username }, each), label: t(`profile_${each}`) }))}
      />
      {likesAreHidden && isOwn && <p class="notice">{t("profile_likes_own")}</p>}
      <PostFeed
        feed={feed}
        label={t(`profile_${tab}`)}
        empty={<Empty icon={icon} title={t(likesAreHidden && !isOwn ? "profile_likes_hidden" : words)} />}
      />
      {!isOwn && <PeopleLike profile={profile} />}
    </>
  );
}
