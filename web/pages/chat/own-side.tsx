/** How the person keeps a conversation: muted, archived, pinned, receipts. It holds on all devices. */
import { useSignal } from "@preact/signals";
import { wordsOf } from "../../app/errors.ts";
import { t } from "../../app/messages.ts";
import { type Conversation, plaza } from "../../app/plaza.ts";
import { navigate, whileHere } from "../../app/router.ts";
import { toast } from "../../app/toasts.ts";
import { Button } from "../../parts/button.tsx";
import { Confirm } from "../../parts/dialog.tsx";
import { Choice, Switch } from "../../parts/field.tsx";
import { isMuted } from "../../store/conversations.ts";
import { durationWords } from "./words.tsx";

/** For `muted_until`. */
export const forever = "infinity";

interface Side {
  muted_until?: string;
  is_archived?: boolean;
  is_pinned?: boolean;
  shows_receipts?: boolean;
  keeps_deleted?: boolean;
}

/** A failure is told in a toast. */
export async function changeSide(conversation_id: number, side: Side): Promise<boolean> {
  const { error } = await plaza.rpc("set_conversation", { conversation_id, ...side });
  if (error) toast(wordsOf(error), { isError: true });
  return !error;
}

const expiries = [null, 3_600, 86_400, 7 * 86_400, 30 * 86_400];

export function OwnSide({ conversation, isAdmin }: { conversation: Conversation; isAdmin: boolean }) {
  const { id, kind, is_pinned, is_archived, shows_receipts, keeps_deleted, expires_after } = conversation;
  const set = (side: Side) => () => void changeSide(id, side);
  const muted = isMuted(conversation);
  const offered = expiries.includes(expires_after) ? expiries : [...expiries, expires_after];
  return (
    <section class="settings-part" aria-label={t("chat_own_side")}>
      <h2>{t("chat_own_side")}</h2>
      <Switch
        label={t("mute")}
        hint={t("chat_mute_hint")}
        name="muted"
        checked={muted}
        onChange={set({ muted_until: muted ? new Date(0).toISOString() : forever })}
      />
      <Switch label={t("pin")} name="pinned" checked={is_pinned} onChange={set({ is_pinned: !is_pinned })} />
      <Switch
        label={t("archive")}
        name="archived"
        checked={is_archived}
        onChange={set({ is_archived: !is_archived })}
      />
      <Switch
        label={t("chat_receipts")}
        hint={t("chat_receipts_hint")}
        name="receipts"
        checked={shows_receipts}
        onChange={set({ shows_receipts: !shows_receipts })}
      />
      {kind === "direct" && (
        <Switch
          label={t("chat_keeps_deleted")}
          hint={t("chat_keeps_deleted_hint")}
          name="keeps"
          checked={keeps_deleted}
          onChange={set({ keeps_deleted: !keeps_deleted })}
        />
      )}
      <Choice
        label={t("chat_expiry")}
        hint={isAdmin ? t("chat_expiry_hint") : t("chat_expiry_admins")}
        name="expiry"
        disabled={!isAdmin}
        value={String(expires_after ?? "")}
        onChange={async (event) => {
          const { value } = event.currentTarget;
          const after_seconds = value === "" ? null : Number(value);
          const { error } = await plaza.rpc("expire_messages", {
            conversation_id: id,
            // The generated types do not say that null ends it.
            after_seconds: after_seconds as number,
          });
          if (error) toast(wordsOf(error), { isError: true });
        }}
        options={offered.map((seconds) =>
          seconds === null ? ["", t("chat_expiry_never")] : [String(seconds), durationWords(seconds)],
        )}
      />
    </section>
  );
}

/** Leaves a group. Its owner gives it away first. */
export function Leave({ conversation }: { conversation: Conversation }) {
  const isAsking = useSignal(false);
  return (
    <div class="settings-part">
      <Button
        kind="danger"
        icon="door"
        onClick={() => {
          isAsking.value = true;
        }}
      >
        {t("chat_leave")}
      </Button>
      {isAsking.value && (
        <Confirm
          title={t("chat_leave")}
          text={t("chat_leave_text")}
          action={t("chat_leave")}
          onClose={() => {
            isAsking.value = false;
          }}
          onConfirm={async () => {
            const here = whileHere();
            await plaza.rpc("leave_conversation", { conversation_id: conversation.id }).throwOnError();
            here(() => navigate("/chat", { replace: true }));
          }}
        />
      )}
    </div>
  );
}
