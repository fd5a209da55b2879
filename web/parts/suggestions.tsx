/** People to follow with the reasons, and a button that dismisses one. */
import { type Signal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { type MessageKey, t } from "../app/messages.ts";
import type { Author } from "../app/plaza.ts";
import { isSignedIn } from "../app/session.ts";
import { dismissSuggestion, type Reason, type Suggestion } from "../store/suggestions.ts";
import { Button } from "./button.tsx";
import { Failed, Waiting } from "./empty.tsx";
import { FollowButton } from "./follow-button.tsx";
import { nameOf, PersonLine, profilePath } from "./person-line.tsx";
import "../style/people.css";

interface SuggestionsProps {
  read: () => Promise<Suggestion[]>;
  label: string;
  /** What to show if there is nobody. */
  empty: ComponentChildren;
}

export function Suggestions({ read, label, empty }: SuggestionsProps) {
  const rows = useSignal<Suggestion[] | undefined>(undefined);
  const error = useSignal<unknown>(undefined);

  async function load(): Promise<void> {
    error.value = undefined;
    try {
      rows.value = await read();
    } catch (why) {
      error.value = why;
    }
  }
  useEffect(() => void load(), []);

  if (error.value) return <Failed error={error.value} onRetry={load} />;
  if (!rows.value) return <Waiting rows={3} />;
  if (rows.value.length === 0) return <>{empty}</>;
  return (
    <ul class="suggestions" aria-label={label}>
      {rows.value.map((row) => (
        <li key={row.profile.id} class="row">
          <PersonLine person={row.profile} note={<Reasons row={row} />}>
            <FollowButton person={row.profile} />
            {isSignedIn.value && <Dismiss person={row.profile} rows={rows} />}
          </PersonLine>
        </li>
      ))}
    </ul>
  );
}

function Dismiss({ person, rows }: { person: Author; rows: Signal<Suggestion[] | undefined> }) {
  return (
    <Button
      kind="quiet"
      icon="close"
      label={t("suggestion_dismiss", { name: `@${person.username}` })}
      onClick={async () => {
        await dismissSuggestion(person.id);
        rows.value = rows.value?.filter(({ profile }) => profile.id !== person.id);
      }}
    />
  );
}

function Reasons({ row }: { row: Suggestion }) {
  return (
    <>
      {row.reasons.map((reason) => (
        <span class="reason" key={reason.kind}>
          <Why reason={reason} />
        </span>
      ))}
    </>
  );
}

/** Kinds that name people. `{people}` in the message is where the names go. */
const naming: Partial<Record<Reason["kind"], MessageKey>> = {
  followed_by: "reason_followed_by",
  both_follow: "reason_both_follow",
  followed_alongside: "reason_followed_alongside",
  followers_follow: "reason_followers_follow",
};

function Why({ reason }: { reason: Reason }) {
  const { kind, people, others, tag } = reason;
  if (kind === "writes_about" && tag !== null)
    return (
      <Filled text={t("reason_writes_about")}>
        <a href={`/tags/${encodeURIComponent(tag)}`}>#{tag}</a>
      </Filled>
    );
  const key = naming[kind];
  if (key)
    return (
      <Filled text={t(key)}>
        <Names people={people} others={others} />
      </Filled>
    );
  if (kind === "follows_you") return <>{t("reason_follows_you")}</>;
  if (kind === "new_here") return <>{t("reason_new_here")}</>;
  return <>{t("reason_many_follow", { count: others })}</>;
}

/** Puts something into the place `{…}` of a message. */
function Filled({ text, children }: { text: string; children: ComponentChildren }) {
  const [before, after] = text.split("…");
  return (
    <>
      {before}
      {children}
      {after}
    </>
  );
}

/** "Bob, Dave and 3 others". The names are links. */
function Names({ people, others }: { people: Author[]; others: number }) {
  const and = ` ${t("and")} `;
  return (
    <>
      {people.map((person, index) => (
        <span key={person.id}>
          {index > 0 && (others > 0 ? ", " : and)}
          <a href={profilePath(person)}>
            <bdi>{nameOf(person)}</bdi>
          </a>
        </span>
      ))}
      {others > 0 && `${people.length > 0 ? and : ""}${t("reason_others", { count: others })}`}
    </>
  );
}
