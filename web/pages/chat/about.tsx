/** Everything about a conversation: what it is, who is in it, and how the person keeps it. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { t } from "../../app/messages.ts";
import { type Conversation, plaza } from "../../app/plaza.ts";
import type { PageProps } from "../../app/router.ts";
import { onChange } from "../../app/sync.ts";
import { Empty, Failed, Waiting } from "../../parts/empty.tsx";
import { LongText } from "../../parts/long-text.tsx";
import { Page } from "../../parts/page.tsx";
import { PersonLine } from "../../parts/person-line.tsx";
import { otherOf, titleOf } from "../../store/conversations.ts";
import { GroupForm } from "./group-form.tsx";
import { Invites, JoinRequests } from "./invites.tsx";
import { Members } from "./members.tsx";
import { Leave, OwnSide } from "./own-side.tsx";
import { Face } from "./words.tsx";

export default function About({ params }: PageProps) {
  const id = Number(params.id);
  const conversation = useSignal<Conversation | null | undefined>(undefined);
  const error = useSignal<unknown>(undefined);

  async function read(): Promise<void> {
    error.value = undefined;
    const answer = await plaza.rpc("conversation", { conversation_id: id }).maybeSingle();
    if (answer.error) error.value = answer.error;
    else conversation.value = answer.data;
  }
  useEffect(() => {
    void read();
    // The person changed their side of it, here or on another device, or is not in it any more.
    return onChange((change) => {
      if (change.type === "event" && change.kind === "conversation" && change.payload.conversation_id === id)
        void read();
    });
  }, [id]);

  const shown = conversation.value;
  if (shown === undefined || shown === null) {
    return (
      <Page title={t("chat_about")} backTo={`/chat/${id}`}>
        {error.value !== undefined && <Failed error={error.value} onRetry={read} />}
        {shown === undefined && error.value === undefined && <Waiting />}
        {shown === null && <Empty icon="lock" title={t("chat_gone")} />}
      </Page>
    );
  }
  const isGroup = shown.kind === "group";
  const isAdmin = shown.role !== "member";
  const other = otherOf(shown);
  return (
    <Page title={t("chat_about")} backTo={`/chat/${id}`}>
      <div class="join">
        <Face conversation={shown} size="large" />
        <h2 dir="auto">{titleOf(shown)}</h2>
        {isGroup && <p class="note">{t("members_count", { count: shown.member_count })}</p>}
        {shown.description && (
          <LongText text={shown.description} field="content" entities={[]} mentions={[]} />
        )}
      </div>
      {other && <PersonLine person={other} />}
      {isGroup && <Members conversation={shown} onChanged={read} />}
      {isGroup && isAdmin && <JoinRequests conversation={shown} onChanged={read} />}
      {isGroup && isAdmin && <Invites conversation={shown} />}
      {isGroup && isAdmin && (
        <GroupForm key={`${shown.name} ${shown.description}`} conversation={shown} onChanged={read} />
      )}
      <OwnSide conversation={shown} isAdmin={!isGroup || isAdmin} />
      {isGroup && <Leave conversation={shown} />}
    </Page>
  );
}
