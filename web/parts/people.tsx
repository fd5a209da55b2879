/** A list of people with a button for each, as a feed. */
import type { ComponentChildren } from "preact";
import { t } from "../app/messages.ts";
import type { Person } from "../app/plaza.ts";
import { type Feed, feedOf } from "../store/feeds.ts";
import { keepPeople, relationOf } from "../store/people.ts";
import { FeedView } from "./feed.tsx";
import { FollowButton } from "./follow-button.tsx";
import { Icon } from "./icon.tsx";
import { PersonLine } from "./person-line.tsx";
import { PersonMenu } from "./person-menu.tsx";

interface PeopleProps {
  feed: Feed<Person>;
  label: string;
  empty: ComponentChildren;
  /** What to do with each. If left out: follow them, and the menu of a person. */
  actions?: (row: Person) => ComponentChildren;
}

/** A feed of people who are read as rows of `person`. */
export function peopleFeed(key: string, read: Parameters<typeof feedOf<Person>>[1]["read"]): Feed<Person> {
  return feedOf<Person>(key, { read, seen: keepPeople });
}

export function People({ feed, label, empty, actions }: PeopleProps) {
  return (
    <FeedView
      feed={feed}
      label={label}
      empty={empty}
      row={(row, id) => (
        <PersonLine person={row.profile} id={`${id}-name`} note={<Notes id={row.profile.id} />}>
          {actions ? (
            actions(row)
          ) : (
            <>
              <FollowButton person={row.profile} />
              <PersonMenu person={row.profile} />
            </>
          )}
        </PersonLine>
      )}
    />
  );
}

/** Whether the account is private, and whether the person follows the viewer. */
export function Notes({ id }: { id: string }) {
  const { is_private, follows_you } = relationOf(id).value;
  if (!is_private && !follows_you) return null;
  return (
    <span class="badges">
      {is_private && (
        <span class="badge">
          <Icon name="lock" /> {t("private_account")}
        </span>
      )}
      {follows_you && <span class="badge">{t("follows_you")}</span>}
    </span>
  );
}
