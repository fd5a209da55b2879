/**
 * A person's picture. Nothing is loaded from other sites: only pictures that are stored with the API are
 * shown. Everybody else has the first letter of their name on a colour of their own.
 */
import { apiUrl } from "../app/config.ts";
import type { Author } from "../app/plaza.ts";

export function Avatar({
  person,
  size = "medium",
}: {
  person: Pick<Author, "username" | "display_name" | "avatar_url">;
  size?: "small" | "medium" | "large";
}) {
  const { username, display_name, avatar_url } = person;
  if (avatar_url?.startsWith(`${apiUrl}/`)) {
    return <img class={`avatar ${size}`} src={avatar_url} alt="" loading="lazy" decoding="async" />;
  }
  return (
    <span class={`avatar ${size} hue-${hueOf(username)}`} aria-hidden="true">
      {firstLetterOf(display_name || username).toLocaleUpperCase()}
    </span>
  );
}

/** One of the eight colours of style.css. */
function hueOf(name: string): number {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return sum % 8;
}

/** To make it takes as long as to draw some posts. */
let graphemes: Intl.Segmenter | undefined;

/** In these scripts, a letter ends where no mark and no joiner follows. */
const oneLetter =
  /^[!-~\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Arabic}\p{Script=Hebrew}](?![\p{M}\p{Cf}])/u;

/** The first letter with all its parts, such as a flag or a letter with accents. */
function firstLetterOf(name: string): string {
  if (oneLetter.test(name)) return name.charAt(0);
  graphemes ??= new Intl.Segmenter();
  const [first] = graphemes.segment(name);
  return first?.segment ?? "";
}
