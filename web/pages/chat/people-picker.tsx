/** Chooses people by their names. Before anything is typed, it offers the people whom the person follows. */
import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { wordsOf } from "../../app/errors.ts";
import { t } from "../../app/messages.ts";
import { type Author, plaza } from "../../app/plaza.ts";
import { userId } from "../../app/session.ts";
import { Avatar } from "../../parts/avatar.tsx";
import { Field } from "../../parts/field.tsx";
import { Icon } from "../../parts/icon.tsx";
import { nameOf } from "../../parts/person-line.tsx";

const waitMs = 250;

interface PeoplePickerProps {
  chosen: Signal<Author[]>;
  /** These are not offered. */
  without?: Set<string>;
}

export function PeoplePicker({ chosen, without = new Set() }: PeoplePickerProps) {
  const query = useSignal("");
  const found = useSignal<Author[]>([]);
  const problem = useSignal("");
  const isReady = useSignal(false);

  useEffect(() => {
    let isOver = false;
    const words = query.value.trim().replace(/^@/, "");
    const timer = setTimeout(
      async () => {
        const answer = words
          ? await plaza.rpc("search_people", { query: words, page_size: 20 })
          : await plaza.rpc("following", { profile_id: userId.value, page_size: 50 });
        if (isOver) return;
        problem.value = answer.error ? wordsOf(answer.error) : "";
        found.value = (answer.data ?? []).map(({ profile }) => profile);
        isReady.value = true;
      },
      words ? waitMs : 0,
    );
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [query.value]);

  function toggle(person: Author): void {
    const isIn = chosen.value.some(({ id }) => id === person.id);
    chosen.value = isIn ? chosen.value.filter(({ id }) => id !== person.id) : [...chosen.value, person];
  }

  const offered = found.value.filter(({ id }) => id !== userId.value && !without.has(id));
  return (
    <div class="picker">
      {chosen.value.length > 0 && (
        <ul class="chips" aria-label={t("people_chosen")}>
          {chosen.value.map((person) => (
            <li key={person.id}>
              <button
                type="button"
                class="chip"
                onClick={() => toggle(person)}
                title={t("people_drop", { name: nameOf(person) })}
              >
                <Avatar person={person} size="small" />
                <bdi>{nameOf(person)}</bdi>
                <Icon name="close" />
                <span class="unseen">{t("people_drop", { name: nameOf(person) })}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      <Field
        label={t("people_search")}
        name="people"
        type="search"
        autocomplete="off"
        problem={problem.value}
        value={query.value}
        maxLength={100}
        onInput={(event) => {
          query.value = event.currentTarget.value;
        }}
        // Enter would send the form around it.
        onKeyDown={(event) => event.key === "Enter" && event.preventDefault()}
      />
      <ul class="picker-list" aria-label={t("people")}>
        {offered.map((person) => {
          const isIn = chosen.value.some(({ id }) => id === person.id);
          return (
            <li key={person.id}>
              <button type="button" class="picker-row" aria-pressed={isIn} onClick={() => toggle(person)}>
                <Avatar person={person} />
                <span class="person-words">
                  <bdi class="name">{nameOf(person)}</bdi> <span class="username">@{person.username}</span>
                </span>
                {isIn && <Icon name="check" />}
              </button>
            </li>
          );
        })}
      </ul>
      {isReady.value && offered.length === 0 && (
        <p class="note">{query.value ? t("people_none") : t("people_search_hint")}</p>
      )}
    </div>
  );
}
