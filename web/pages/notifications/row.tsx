/** One group of notifications: who did it, what they did, and the post that it is about. */
import { isKey, t } from "../../app/messages.ts";
import type { Card, Notification } from "../../app/plaza.ts";
import { Avatar } from "../../parts/avatar.tsx";
import { Button } from "../../parts/button.tsx";
import { Icon, type IconName } from "../../parts/icon.tsx";
import { nameOf, profilePath } from "../../parts/person-line.tsx";
import { Phrase } from "../../parts/phrase.tsx";
import { postPath } from "../../parts/post.tsx";
import { Time } from "../../parts/time.tsx";
import { markGroup } from "../../store/notifications.ts";
import { cardOf } from "../../store/posts.ts";

const icons: Record<Notification["kind"], IconName> = {
  follow: "person",
  follow_request: "person",
  filtered_requests: "people",
  request_accepted: "check",
  like: "heart",
  repost: "repost",
  reply: "reply",
  quote: "quote",
  mention: "at",
  edited: "pen",
  post: "home",
  draft_published: "clock",
  draft_failed: "warning",
};

/** Somebody waits for an answer. */
const requests = new Set<Notification["kind"]>(["follow_request", "filtered_requests"]);
/** They come from the person's own drafts. */
const ofDrafts = new Set<Notification["kind"]>(["draft_published", "draft_failed"]);

export function NotificationRow({ row, id }: { row: Notification; id: string }) {
  const { kind, actors, happened_at, is_read } = row;
  // Whoever follows a link of the group has seen it.
  const seen = () => {
    if (!is_read) void markGroup(row, true).catch(() => {});
  };
  return (
    // biome-ignore lint/a11y: the links inside are what is pressed; this hears of it
    <div
      class={is_read ? "notification" : "notification fresh"}
      onClick={(event) => (event.target as Element).closest("a") && seen()}
    >
      <span class={`notification-icon ${kind}`}>
        <Icon name={icons[kind] ?? "bell"} isFull={kind === "like"} />
      </span>
      <div class="notification-main">
        <div class="notification-head">
          {!ofDrafts.has(kind) && (
            <span class="faces" aria-hidden="true">
              {actors.map((person) => (
                <Avatar key={person.id} person={person} size="small" />
              ))}
            </span>
          )}
          <span class="note">
            <Time at={happened_at} />
          </span>
          <Button
            kind="quiet"
            class="dot-button"
            label={is_read ? t("mark_unread") : t("mark_read")}
            onClick={() => markGroup(row, !is_read)}
          >
            <span class={is_read ? "dot" : "dot full"} />
          </Button>
        </div>
        <p class="notification-words" id={`${id}-name`}>
          {!is_read && <span class="unseen">{t("notifications_new")} </span>}
          <Sentence row={row} />
        </p>
        {requests.has(kind) && (
          <a class="answer-link" href={groupPath(row)}>
            {t("request_answer")}
          </a>
        )}
        {row.post && <Excerpt card={row.post} />}
      </div>
    </div>
  );
}

function Sentence({ row }: { row: Notification }) {
  const { kind, count, actors } = row;
  const key = `notice_${kind}`;
  // A kind that is newer than this client.
  if (!isKey(key)) return <bdi>{row.fallback}</bdi>;
  const [first] = actors;
  const name = first && (
    <a href={profilePath(first)} class="person-name">
      <bdi class="name">{nameOf(first)}</bdi>
    </a>
  );
  const who =
    count < 2 ? (
      name
    ) : (
      <Phrase of="name_and_others" count={count - 1} nodes={{ name, others: <Others row={row} /> }} />
    );
  return <Phrase of={key} count={count} nodes={{ who: who ?? t("chat_nobody"), count: String(count) }} />;
}

function Others({ row }: { row: Notification }) {
  return <a href={groupPath(row)}>{t("others", { count: row.count - 1 })}</a>;
}

export function groupPath({ kind, count, group_id, actors }: Notification): string {
  const [first] = actors;
  if (count < 2 && first && !requests.has(kind)) return profilePath(first);
  return `/notifications/${group_id}`;
}

/** The beginning of the post. What stands behind a warning stays there. */
function Excerpt({ card: given }: { card: Card }) {
  const card = cardOf(given).value;
  if (!card) return <p class="note">{t("post_deleted")}</p>;
  const words = card.content_warning || card.title || card.content;
  return (
    <a class="excerpt" href={postPath(card)} dir="auto" lang={card.language ?? undefined}>
      {words}
    </a>
  );
}
