/** The top of a profile: who it is, the counts, and what the viewer can do. */
import { dateLocale, shortNumber, t } from "../../app/messages.ts";
import type { ProfilePage } from "../../app/plaza.ts";
import { userId } from "../../app/session.ts";
import { Avatar } from "../../parts/avatar.tsx";
import { Button } from "../../parts/button.tsx";
import { FollowButton } from "../../parts/follow-button.tsx";
import { LongText } from "../../parts/long-text.tsx";
import { Notes } from "../../parts/people.tsx";
import { nameOf, profilePath } from "../../parts/person-line.tsx";
import { PersonMenu } from "../../parts/person-menu.tsx";
import { OuterLink } from "../../parts/text.tsx";
import { FullTime } from "../../parts/time.tsx";
import { answerRequest, relationOf, unblock } from "../../store/people.ts";
import { Bell } from "./bell.tsx";

export function Head({ profile }: { profile: ProfilePage }) {
  const { username, bio, links, created_at } = profile;
  const relation = relationOf(profile.id).value;
  const isOwn = profile.id === userId.value;
  return (
    <section class="profile-head" aria-label={t("profile")}>
      {relation.requests_you && <Request profile={profile} />}
      <div class="profile-top">
        <Avatar person={profile} size="large" />
        <div class="profile-actions">
          {isOwn ? (
            <a class="button plain" href="/settings/profile">
              {t("profile_edit")}
            </a>
          ) : relation.is_blocked ? (
            <Button kind="danger" onClick={() => unblock(profile)}>
              {t("unblock")}
            </Button>
          ) : (
            <>
              {relation.is_following && <Bell profile={profile} />}
              <FollowButton person={profile} />
            </>
          )}
          <PersonMenu person={profile} />
        </div>
      </div>
      <div>
        <p class="profile-name">
          <bdi>{nameOf(profile)}</bdi>
        </p>
        <p class="username">@{username}</p>
        <Notes id={profile.id} />
      </div>
      {relation.is_muted && (
        <p class="note">
          {relation.muted_until ? (
            <>
              {t("muted_until")} <FullTime at={relation.muted_until} />
            </>
          ) : (
            t("muted_always")
          )}
        </p>
      )}
      {bio && <LongText text={bio} field="content" entities={[]} mentions={[]} />}
      {links.length > 0 && (
        <ul class="profile-links">
          {links.map((url) => (
            <li key={url}>
              <OuterLink url={url}>{url.replace(/^https:\/\/(www\.)?/, "").replace(/\/$/, "")}</OuterLink>
            </li>
          ))}
        </ul>
      )}
      <p class="profile-counts">
        {profile.followers !== null && (
          <a href={`${profilePath(profile)}/followers`}>
            <Counted words={t("followers_count", { count: profile.followers })} count={profile.followers} />
          </a>
        )}
        {profile.following !== null && (
          <a href={`${profilePath(profile)}/following`}>
            <Counted words={t("following_count", { count: profile.following })} count={profile.following} />
          </a>
        )}
        <span class="note">{t("joined", { date: monthOf(created_at) })}</span>
      </p>
    </section>
  );
}

/** The number stands out. @param words have `#` where the number goes */
function Counted({ words, count }: { words: string; count: number }) {
  const [before, after] = words.split("#");
  return (
    <>
      {before}
      <strong>{shortNumber(count)}</strong>
      {after}
    </>
  );
}

function monthOf(time: string): string {
  return new Date(time).toLocaleDateString(dateLocale.value, { month: "long", year: "numeric" });
}

/** The person waits for an answer of the viewer. */
function Request({ profile }: { profile: ProfilePage }) {
  return (
    <div class="notice request">
      <p>{t("request_from", { name: `@${profile.username}` })}</p>
      <div class="person-actions">
        <Button kind="main" onClick={() => answerRequest(profile, true)}>
          {t("request_accept")}
        </Button>
        <Button onClick={() => answerRequest(profile, false)}>{t("request_decline")}</Button>
      </div>
    </div>
  );
}
