/** What people write, cut if it is long, with a button that shows all of it. In posts, messages and profiles. */
import { useSignal } from "@preact/signals";
import { t } from "../app/messages.ts";
import { Button } from "./button.tsx";
import { Text, type TextProps } from "./text.tsx";

/** A longer text is cut. */
const mostLetters = 700;
const mostLines = 14;

/** @param isWhole all of it is shown: the page is about it */
export function LongText({ isWhole = false, ...props }: Omit<TextProps, "id"> & { isWhole?: boolean }) {
  const isOpen = useSignal(isWhole);
  const { text, field } = props;
  const entities = props.entities.filter((each) => each.field === field);
  const cut = isOpen.value ? text.length : cutAt(text, entities);
  return (
    <>
      <Text
        {...props}
        text={cut < text.length ? `${text.slice(0, cut).trimEnd()}…` : text}
        entities={entities.filter(({ end }) => end <= cut)}
      />
      {cut < text.length && (
        <Button
          kind="quiet"
          class="more-text"
          onClick={() => {
            isOpen.value = true;
          }}
        >
          {t("post_show_all")}
        </Button>
      )}
    </>
  );
}

/** Where to cut: at a space, and not within a link, tag or mention. */
function cutAt(text: string, entities: TextProps["entities"]): number {
  const lines = text.split("\n");
  const most = Math.min(mostLetters, lines.slice(0, mostLines).join("\n").length);
  // A few words more are no reason to ask for a click.
  if (text.length <= most + 100 && lines.length <= mostLines + 2) return text.length;
  const space = text.lastIndexOf(" ", most);
  const at = text[most] !== "\n" && space > most - 80 ? space : most;
  const within = entities.find(({ start, end }) => start < at && at < end);
  if (within) return within.start;
  // Not between the two halves of a letter.
  return /[\uDC00-\uDFFF]/.test(text[at] ?? "") ? at - 1 : at;
}
