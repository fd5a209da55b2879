/** The members of a group with their roles, and what the owner and the admins do about them. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { CompositeTypes, Enums } from "../../../supabase/database.types.ts";
import { wordsOf } from "../../app/errors.ts";
import { t } from "../../app/messages.ts";
import { type Author, type Conversation, plaza } from "../../app/plaza.ts";
import { userId } from "../../app/session.ts";
import { toast } from "../../app/toasts.ts";
import { Button } from "../../parts/button.tsx";
import { Confirm, Dialog } from "../../parts/dialog.tsx";
import { Failed, Waiting } from "../../parts/empty.tsx";
import { Form } from "../../parts/form.tsx";
import { Menu, type MenuItem } from "../../parts/menu.tsx";
import { nameOf, PersonLine } from "../../parts/person-line.tsx";
import { PeoplePicker } from "./people-picker.tsx";

type Member = CompositeTypes<"conversation_member">;

/** So many are shown at first. */
const shownAtFirst = 20;

interface MembersProps {
  conversation: Conversation;
  /** The group has other members now. */
  onChanged: () => Promise<void>;
}

export function Members({ conversation, onChanged }: MembersProps) {
  const { id, role, member_count } = conversation;
  const members = useSignal<Member[] | undefined>(undefined);
  const error = useSignal<unknown>(undefined);
  const isAdding = useSignal(false);
  const showsAll = useSignal(false);
  /** Asks before it. */
  const asks = useSignal<{ title: string; text: string; action: string; run: () => Promise<void> } | null>(
    null,
  );

  async function read(): Promise<void> {
    error.value = undefined;
    const answer = await plaza.rpc("conversation_members", { conversation_id: id });
    if (answer.error) error.value = answer.error;
    else members.value = answer.data;
  }
  useEffect(() => void read(), [id, member_count, role]);

  const changed = async () => {
    await read();
    await onChanged();
  };

  function itemsOf({ profile, role: theirs }: Member): MenuItem[] {
    const name = nameOf(profile);
    const give = (next: Enums<"conversation_role">) => async () => {
      const { error: refusal } = await plaza.rpc("set_member_role", {
        conversation_id: id,
        profile_id: profile.id,
        role: next,
      });
      if (refusal) toast(wordsOf(refusal), { isError: true });
      await changed();
    };
    const items: (MenuItem | false)[] = [
      role === "owner" &&
        theirs === "member" && { label: t("role_make_admin"), icon: "up", run: give("admin") },
      role === "owner" &&
        theirs === "admin" && { label: t("role_make_member"), icon: "down", run: give("member") },
      role === "owner" && {
        label: t("role_make_owner"),
        icon: "lock",
        run: () => {
          asks.value = {
            title: t("role_make_owner"),
            text: t("role_make_owner_text", { name }),
            action: t("role_make_owner"),
            run: async () => {
              await plaza
                .rpc("transfer_group", { conversation_id: id, profile_id: profile.id })
                .throwOnError();
              await changed();
            },
          };
        },
      },
      {
        label: t("member_remove"),
        icon: "trash",
        isDanger: true,
        run: () => {
          asks.value = {
            title: t("member_remove"),
            text: t("member_remove_text", { name }),
            action: t("member_remove"),
            run: async () => {
              await plaza
                .rpc("remove_member", { conversation_id: id, profile_id: profile.id })
                .throwOnError();
              await changed();
            },
          };
        },
      },
    ];
    return items.filter((item) => item !== false);
  }

  const mayChange = ({ profile, role: theirs }: Member) =>
    profile.id !== userId.value && (role === "owner" || (role === "admin" && theirs === "member"));
  const shown = showsAll.value ? members.value : members.value?.slice(0, shownAtFirst);
  return (
    <section aria-label={t("members")}>
      <header class="part-head">
        <h2>{t("members")}</h2>
        {role !== "member" && (
          <Button
            icon="plus"
            onClick={() => {
              isAdding.value = true;
            }}
          >
            {t("members_add")}
          </Button>
        )}
      </header>
      {error.value !== undefined && <Failed error={error.value} onRetry={read} />}
      {!members.value && error.value === undefined && <Waiting rows={2} />}
      <ul>
        {shown?.map((member) => (
          <li key={member.profile.id}>
            <PersonLine person={member.profile} note={noteOf(member)}>
              {mayChange(member) && (
                <Menu
                  label={t("more_about_member", { name: nameOf(member.profile) })}
                  items={() => itemsOf(member)}
                />
              )}
            </PersonLine>
          </li>
        ))}
      </ul>
      {(members.value?.length ?? 0) > (shown?.length ?? 0) && (
        <div class="list-more">
          <Button
            onClick={() => {
              showsAll.value = true;
            }}
          >
            {t("show_all")}
          </Button>
        </div>
      )}
      {isAdding.value && (
        <AddMembers
          conversationId={id}
          members={members.value ?? []}
          onAdded={changed}
          onClose={() => {
            isAdding.value = false;
          }}
        />
      )}
      {asks.value && (
        <Confirm
          {...asks.value}
          onConfirm={asks.value.run}
          onClose={() => {
            asks.value = null;
          }}
        />
      )}
    </section>
  );
}

function noteOf({ role, is_accepted }: Member): string {
  const words = [role !== "member" && t(`role_${role}`), !is_accepted && t("member_waits")];
  return words.filter(Boolean).join(" · ");
}

function AddMembers({
  conversationId,
  members,
  onAdded,
  onClose,
}: {
  conversationId: number;
  members: Member[];
  onAdded: () => Promise<void>;
  onClose: () => void;
}) {
  const chosen = useSignal<Author[]>([]);
  return (
    <Dialog title={t("members_add")} onClose={onClose}>
      <Form
        class="form bare"
        label={t("members_add")}
        onSubmit={async () => {
          const member_ids = chosen.value.map(({ id }) => id);
          await plaza.rpc("add_members", { conversation_id: conversationId, member_ids }).throwOnError();
          onClose();
          await onAdded();
        }}
      >
        <PeoplePicker chosen={chosen} without={new Set(members.map(({ profile }) => profile.id))} />
        <div class="actions">
          <Button kind="main" disabled={chosen.value.length === 0}>
            {t("members_add")}
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}
