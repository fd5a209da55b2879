/** A person in one line: picture, name, username. For lists of people, and with something to do at the end. */
import type { ComponentChildren } from "preact";
import type { Author } from "../app/plaza.ts";
import { Avatar } from "./avatar.tsx";

/** @returns the name to show. The username, if the person has not chosen another */
export function nameOf(person: Pick<Author, "username" | "display_name">): string {
  return person.display_name || person.username;
}

export function profilePath(person: Pick<Author, "username">): string {
  return `/@${person.username}`;
}

/** The name as a link to the profile. @param id for `aria-labelledby` */
export function PersonName({ person, id }: { person: Author; id?: string }) {
  return (
    <a class="person-name" href={profilePath(person)} id={id}>
      <bdi class="name">{nameOf(person)}</bdi>
      {person.display_name && <span class="username"> @{person.username}</span>}
    </a>
  );
}

export function PersonLine({
  person,
  note,
  children,
  id,
}: {
  person: Author;
  note?: ComponentChildren;
  children?: ComponentChildren;
  id?: string;
}) {
  return (
    <div class="person-line">
      <Avatar person={person} />
      <div class="person-words">
        <PersonName person={person} id={id} />
        {note && <p class="note">{note}</p>}
      </div>
      {children && <div class="person-actions">{children}</div>}
    </div>
  );
}
