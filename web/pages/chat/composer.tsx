/** The field in which a message is written. What was begun is kept, on all devices of the person. */
import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { charactersIn } from "../../app/characters.ts";
import { t } from "../../app/messages.ts";
import { Button } from "../../parts/button.tsx";
import { Icon } from "../../parts/icon.tsx";
import { sendMessage } from "../../store/failed-messages.ts";
import { draftOf } from "../../store/message-drafts.ts";
import type { Room } from "../../store/room.ts";
import { act } from "./message-actions.tsx";
import { senderName, shortText } from "./words.tsx";
import type { Writing } from "./writing.ts";

/** The server's limit. */
const mostLetters = 10_000;

export function Composer({ room, writing }: { room: Room; writing: Signal<Writing> }) {
  const conversation = room.conversation.value;
  if (!conversation) return null;
  if (conversation.is_frozen) return <p class="room-note note">{t("chat_frozen")}</p>;
  if (conversation.is_locked && conversation.role === "member")
    return <p class="room-note note">{t("chat_locked")}</p>;
  return <Field room={room} writing={writing} />;
}

function Field({ room, writing }: { room: Room; writing: Signal<Writing> }) {
  const draft = useMemo(() => draftOf(room.id), [room]);
  const text = useSignal(draft.read());
  const area = useRef<HTMLTextAreaElement>(null);
  const { answers, edits } = writing.value;
  const about = edits ?? answers;
  const tooMany = charactersIn(text.value) - mostLetters;

  const serverDraft = room.conversation.value?.draft ?? "";
  useEffect(() => {
    // What another device wrote. While a message is edited, the draft waits.
    if (draft.heard(serverDraft) && !writing.peek().edits) text.value = draft.read();
  }, [serverDraft]);
  useEffect(() => () => draft.close(), [draft]);
  // Before the person can press a key.
  useLayoutEffect(() => {
    if (edits) text.value = edits.content;
    if (edits || answers) area.current?.focus();
  }, [edits?.id, answers?.id]);
  // The field is as high as its text, up to a bound in the style.
  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    element.style.blockSize = "auto";
    element.style.blockSize = `${element.scrollHeight + 2}px`;
  }, [text.value]);
  // Toasts stand above it, so that they never cover the field.
  useLayoutEffect(() => {
    const { style } = document.documentElement;
    const told = () => style.setProperty("--composer", `${area.current?.form?.offsetHeight ?? 0}px`);
    const observer = new ResizeObserver(told);
    if (area.current?.form) observer.observe(area.current.form);
    return () => {
      observer.disconnect();
      style.removeProperty("--composer");
    };
  }, []);

  function cancel(): void {
    if (edits) text.value = draft.read();
    writing.value = {};
    area.current?.focus();
  }

  async function submit(): Promise<void> {
    const content = text.value.trim();
    if (!content) return;
    if (edits) {
      text.value = draft.read();
      writing.value = {};
      if (content === edits.content) return;
      const before = edits.content;
      // The new text may have other links and mentions. The server says where they are.
      room.change(edits.id, (shown) => ({ ...shown, content, entities: [] }));
      await act("edit_message", { message_id: edits.id, content }, () =>
        room.change(edits.id, (shown) => ({ ...shown, content: before, entities: edits.entities })),
      );
      return;
    }
    text.value = "";
    writing.value = {};
    room.toEnd();
    try {
      await sendMessage({
        conversation_id: room.id,
        content,
        ...(answers && { reply_to_id: answers.id }),
      });
      draft.sent();
    } catch (error) {
      // The outbox is full. Nothing is lost.
      text.value = content;
      throw error;
    }
  }

  function keys(event: KeyboardEvent): void {
    if (event.key === "Escape" && about) cancel();
    // On a phone, Enter begins a new line.
    if (
      event.key !== "Enter" ||
      event.shiftKey ||
      event.isComposing ||
      matchMedia("(pointer: coarse)").matches
    )
      return;
    event.preventDefault();
    area.current?.form?.querySelector<HTMLButtonElement>(".send")?.click();
  }

  return (
    <form class="composer" aria-label={t("chat_write")} onSubmit={(event) => event.preventDefault()}>
      {about && (
        <div class="composer-about">
          <Icon name={edits ? "pen" : "reply"} />
          <p>
            <span class="name">
              {edits ? t("chat_editing") : t("chat_answering", { name: senderName(about) })}
            </span>
            <span class="answered-text" dir="auto">
              {shortText(about)}
            </span>
          </p>
          <Button kind="quiet" icon="close" label={t("cancel")} onClick={cancel} />
        </div>
      )}
      {tooMany > 0 && <p class="problem">{t("compose_too_long", { count: tooMany })}</p>}
      <div class="composer-line">
        <textarea
          ref={area}
          name="message"
          rows={1}
          dir="auto"
          aria-label={t("chat_write")}
          placeholder={t("chat_write")}
          value={text.value}
          onInput={(event) => {
            text.value = event.currentTarget.value;
            if (edits) return;
            draft.write(text.value);
            room.tellTyping();
          }}
          onKeyDown={keys}
        />
        <Button
          kind="main"
          icon={edits ? "check" : "send"}
          class="send"
          label={edits ? t("save") : t("chat_send")}
          disabled={text.value.trim() === "" || tooMany > 0}
          onClick={submit}
        />
      </div>
    </form>
  );
}
