/** A post: who wrote it, what it says, and what one can do with it. Feeds, threads and quotes use it. */
import { shortNumber, t } from "../app/messages.ts";
import type { Card, FeedRow } from "../app/plaza.ts";
import { navigate } from "../app/router.ts";
import { isSignedIn } from "../app/session.ts";
import { cardOf, toggle } from "../store/posts.ts";
import { Avatar } from "./avatar.tsx";
import { Icon, type IconName } from "./icon.tsx";
import { LongText } from "./long-text.tsx";
import { nameOf, PersonName, profilePath } from "./person-line.tsx";
import { PostMenu } from "./post-menu.tsx";
import { Text } from "./text.tsx";
import { Time } from "./time.tsx";

interface PostProps {
  row: Pick<FeedRow, "post" | "reply_to" | "quoted"> & { reposted_by?: FeedRow["reposted_by"] };
  /** For `aria-labelledby` of the article around it. */
  id: string;
  /** All of a long text is shown, and the time is complete: the post that a page is about. */
  isWhole?: boolean;
}

export function postPath(card: Pick<Card, "id">): string {
  return `/posts/${card.id}`;
}

export function Post({ row, id, isWhole = false }: PostProps) {
  const card = cardOf(row.post).value;
  if (!card) return <p class="post-gone">{t("post_deleted")}</p>;
  const { author } = card;
  return (
    <div class={isWhole ? "post whole" : "post"}>
      {row.reposted_by && (
        <p class="post-why">
          <Icon name="repost" />
          <span>
            <a href={profilePath(row.reposted_by)}>
              <bdi>{nameOf(row.reposted_by)}</bdi>
            </a>{" "}
            {t("post_reposted")}
          </span>
        </p>
      )}
      <div class="post-body">
        {/* biome-ignore lint/a11y/useAnchorContent: the name beside it is the link for everybody; this one only helps the pointer */}
        <a href={profilePath(author)} tabIndex={-1} aria-hidden="true" class="post-avatar">
          <Avatar person={author} />
        </a>
        <div class="post-main">
          <header class="post-head">
            <PersonName person={author} id={`${id}-name`} />
            <a class="post-time" href={postPath(card)}>
              <Time at={card.created_at} />
            </a>
            <AudienceMark card={card} />
            {card.edited_at && <Mark icon="pen" words={t("post_edited")} />}
            <PostMenu card={card} />
          </header>
          {row.reply_to && (
            <p class="post-why">
              <a href={profilePath(row.reply_to)}>
                {t("post_answers", { name: `@${row.reply_to.username}` })}
              </a>
            </p>
          )}
          <Content card={card} isWhole={isWhole} />
          {row.quoted && <Quoted card={row.quoted} />}
          {card.quote_of_id !== null && !row.quoted && <p class="post-gone">{t("post_quoted_gone")}</p>}
          <Actions card={card} />
        </div>
      </div>
    </div>
  );
}

function AudienceMark({ card }: { card: Card }) {
  if (card.audience === "everyone")
    return card.is_open ? null : <Mark icon="lock" words={t("audience_private_account")} />;
  if (card.audience === "followers") return <Mark icon="people" words={t("audience_followers")} />;
  return <Mark icon="at" words={t("audience_mentioned")} />;
}

function Mark({ icon, words }: { icon: IconName; words: string }) {
  return (
    <span class="mark" role="img" aria-label={words} title={words}>
      <Icon name={icon} />
    </span>
  );
}

/** The title and the text, behind the content warning if there is one. */
export function Content({ card, isWhole }: { card: Card; isWhole: boolean }) {
  const words = <Words card={card} isWhole={isWhole} />;
  if (!card.content_warning) return words;
  return (
    <details class="warned">
      <summary>
        <Icon name="warning" />
        <bdi lang={card.language ?? undefined}>{card.content_warning}</bdi>
      </summary>
      {words}
    </details>
  );
}

function Words({ card, isWhole }: { card: Card; isWhole: boolean }) {
  const { title, content, entities, mentions, language } = card;
  return (
    <>
      {title && (
        <Text
          class="post-title"
          text={title}
          field="title"
          entities={entities}
          mentions={mentions}
          language={language}
        />
      )}
      {content && (
        <LongText
          text={content}
          field="content"
          entities={entities}
          mentions={mentions}
          language={language}
          isWhole={isWhole}
        />
      )}
    </>
  );
}

export function Quoted({ card: given }: { card: Card }) {
  const card = cardOf(given).value;
  if (!card) return <p class="post-gone">{t("post_quoted_gone")}</p>;
  return (
    <blockquote class="quoted">
      <header class="post-head">
        <Avatar person={card.author} size="small" />
        <PersonName person={card.author} />
        <a class="post-time" href={postPath(card)}>
          <Time at={card.created_at} />
        </a>
      </header>
      <Content card={card} isWhole={false} />
    </blockquote>
  );
}

function Actions({ card }: { card: Card }) {
  const mayShare = card.is_open || card.reposted;
  const ask = (act: () => unknown) => () =>
    isSignedIn.value ? act() : navigate(`/sign-in?to=${encodeURIComponent(postPath(card))}`);
  return (
    <div class="post-actions">
      <Action
        icon="reply"
        label={t("reply")}
        count={card.replies}
        onClick={ask(() => navigate(`/compose?reply=${card.id}`))}
      />
      {mayShare && (
        <Action
          icon="repost"
          label={card.reposted ? t("repost_undo") : t("repost")}
          count={card.reposts}
          isOn={card.reposted}
          onClick={ask(() => toggle(card.id, "reposted"))}
        />
      )}
      {card.is_open && (
        <Action
          icon="quote"
          label={t("quote")}
          count={card.quotes}
          onClick={ask(() => navigate(`/compose?quote=${card.id}`))}
        />
      )}
      <Action
        icon="heart"
        label={t("like")}
        count={card.likes}
        isOn={card.liked}
        onClick={ask(() => toggle(card.id, "liked"))}
      />
      <Action
        icon="bookmark"
        label={t("bookmark")}
        isOn={card.bookmarked}
        onClick={ask(() => toggle(card.id, "bookmarked"))}
      />
    </div>
  );
}

interface ActionProps {
  icon: IconName;
  label: string;
  count?: number;
  isOn?: boolean;
  onClick: () => unknown;
}

function Action({ icon, label, count, isOn, onClick }: ActionProps) {
  return (
    <button
      type="button"
      class={`post-action ${icon} ${isOn ? "on" : ""}`}
      aria-pressed={isOn}
      title={label}
      // A double click is one click.
      onClick={(event) => event.detail < 2 && void onClick()}
    >
      <Icon name={icon} isFull={isOn && icon !== "repost"} />
      <span class="unseen">{label}</span>
      {count ? <span>{shortNumber(count)}</span> : null}
    </button>
  );
}
