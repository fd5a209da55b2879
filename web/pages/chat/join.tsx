/** A link into a group: what it is, and joining it. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { CompositeTypes } from "../../../supabase/database.types.ts";
import { t } from "../../app/messages.ts";
import { plaza } from "../../app/plaza.ts";
import { navigate, type PageProps, whileHere } from "../../app/router.ts";
import { Avatar } from "../../parts/avatar.tsx";
import { Button } from "../../parts/button.tsx";
import { Empty, Failed, Waiting } from "../../parts/empty.tsx";
import { Page } from "../../parts/page.tsx";

type Invite = CompositeTypes<"invite_preview">;

export default function Join({ params }: PageProps) {
  const code = params.code ?? "";
  const invite = useSignal<Invite | null | undefined>(undefined);
  const error = useSignal<unknown>(undefined);
  const isAsked = useSignal(false);

  async function read(): Promise<void> {
    error.value = undefined;
    const answer = await plaza.rpc("invite", { code }).maybeSingle();
    if (answer.error) error.value = answer.error;
    else invite.value = answer.data;
  }
  useEffect(() => void read(), [code]);

  async function join({ conversation_id }: Invite): Promise<void> {
    const here = whileHere();
    const { data } = await plaza.rpc("join_by_invite", { code }).throwOnError();
    if (data === "joined") here(() => navigate(`/chat/${conversation_id}`, { replace: true }));
    else isAsked.value = true;
  }

  const shown = invite.value;
  return (
    <Page title={t("group_join")} backTo="/chat">
      {error.value !== undefined && <Failed error={error.value} onRetry={read} />}
      {shown === undefined && error.value === undefined && <Waiting rows={1} />}
      {shown === null && <Empty icon="people" title={t("error_invite_not_found")} />}
      {shown && (
        <div class="join">
          <Avatar
            person={{
              username: `conversation ${shown.conversation_id}`,
              display_name: shown.name,
              avatar_url: shown.picture_url,
            }}
            size="large"
          />
          <h2 dir="auto">{shown.name}</h2>
          <p class="note">{t("members_count", { count: shown.member_count })}</p>
          {shown.description && <p dir="auto">{shown.description}</p>}
          {isAsked.value ? (
            <p role="status">{t("group_asked")}</p>
          ) : (
            <Button kind="main" onClick={() => join(shown)}>
              {shown.needs_approval ? t("group_ask") : t("group_join")}
            </Button>
          )}
        </div>
      )}
    </Page>
  );
}
