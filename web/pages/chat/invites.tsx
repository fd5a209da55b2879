/** The links into a group, and the people who ask to join. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { CompositeTypes } from "../../../supabase/database.types.ts";
import { t } from "../../app/messages.ts";
import { type Author, type Conversation, plaza } from "../../app/plaza.ts";
import { toast } from "../../app/toasts.ts";
import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Failed } from "../../parts/empty.tsx";
import { Choice, Field, Switch } from "../../parts/field.tsx";
import { Form } from "../../parts/form.tsx";
import { PersonLine } from "../../parts/person-line.tsx";
import { FullTime } from "../../parts/time.tsx";
import { durationWords } from "./words.tsx";

type Invite = CompositeTypes<"group_invite">;

const lifetimes = [3_600, 86_400, 7 * 86_400, 30 * 86_400];

export function Invites({ conversation: { id } }: { conversation: Conversation }) {
  const invites = useSignal<Invite[]>([]);
  const error = useSignal<unknown>(undefined);
  const isMaking = useSignal(false);

  async function read(): Promise<void> {
    error.value = undefined;
    const answer = await plaza.rpc("invites", { conversation_id: id });
    if (answer.error) error.value = answer.error;
    else invites.value = answer.data;
  }
  useEffect(() => void read(), [id]);

  async function make(values: Record<string, string>): Promise<void> {
    const seconds = Number(values.lifetime);
    const { data: code } = await plaza
      .rpc("create_invite", {
        conversation_id: id,
        expires_at: seconds ? new Date(Date.now() + seconds * 1000).toISOString() : null,
        max_uses: values.uses ? Number(values.uses) : null,
        needs_approval: "approval" in values,
      })
      .throwOnError();
    isMaking.value = false;
    await copy(code).catch(() => {});
    await read();
  }

  return (
    <section aria-label={t("invites")}>
      <header class="part-head">
        <h2>{t("invites")}</h2>
        <Button
          icon="plus"
          onClick={() => {
            isMaking.value = true;
          }}
        >
          {t("invite_new")}
        </Button>
      </header>
      {error.value !== undefined && <Failed error={error.value} onRetry={read} />}
      <ul>
        {invites.value.map((invite) => (
          <li key={invite.code} class="invite-row">
            <div class="person-words">
              <code dir="ltr">{linkOf(invite.code)}</code>
              <p class="note">
                <Terms invite={invite} />
              </p>
            </div>
            <div class="person-actions">
              <Button onClick={() => copy(invite.code)}>{t("copy_link")}</Button>
              <Button
                kind="quiet"
                icon="trash"
                label={t("invite_delete")}
                onClick={async () => {
                  await plaza.rpc("delete_invite", { conversation_id: id, code: invite.code }).throwOnError();
                  await read();
                }}
              />
            </div>
          </li>
        ))}
      </ul>
      {invites.value.length === 0 && error.value === undefined && (
        <p class="lead note">{t("invites_none")}</p>
      )}
      {isMaking.value && (
        <Dialog
          title={t("invite_new")}
          onClose={() => {
            isMaking.value = false;
          }}
        >
          <Form class="form bare" label={t("invite_new")} onSubmit={make}>
            <Choice
              label={t("invite_lifetime")}
              name="lifetime"
              value=""
              options={[
                ["", t("invite_forever")],
                ...lifetimes.map((seconds) => [String(seconds), durationWords(seconds)] as const),
              ]}
            />
            <Field
              label={t("invite_uses")}
              hint={t("invite_uses_hint")}
              name="uses"
              type="number"
              min={1}
              max={500}
              dir="ltr"
            />
            <Switch label={t("invite_approval")} hint={t("invite_approval_hint")} name="approval" />
            <div class="actions">
              <Button kind="main">{t("invite_make")}</Button>
            </div>
          </Form>
        </Dialog>
      )}
    </section>
  );
}

function Terms({ invite: { expires_at, uses_left, needs_approval } }: { invite: Invite }) {
  return (
    <>
      {expires_at === null ? (
        t("invite_forever")
      ) : (
        <>
          {t("invite_until")} <FullTime at={expires_at} />
        </>
      )}
      {uses_left !== null && ` · ${t("invite_uses_left", { count: uses_left })}`}
      {needs_approval && ` · ${t("invite_approval")}`}
    </>
  );
}

const linkOf = (code: string) => `${location.origin}/join/${code}`;

async function copy(code: string): Promise<void> {
  await navigator.clipboard.writeText(linkOf(code));
  toast(t("link_copied"));
}

export function JoinRequests({
  conversation: { id },
  onChanged,
}: {
  conversation: Conversation;
  onChanged: () => Promise<void>;
}) {
  const people = useSignal<Author[]>([]);
  async function read(): Promise<void> {
    const { data } = await plaza.rpc("join_requests", { conversation_id: id });
    if (data) people.value = data;
  }
  useEffect(() => void read(), [id]);
  if (people.value.length === 0) return null;
  const answer = async (profile_id: string, accepts: boolean) => {
    await plaza.rpc("answer_join_request", { conversation_id: id, profile_id, accepts }).throwOnError();
    await read();
    if (accepts) await onChanged();
  };
  return (
    <section aria-label={t("join_requests")}>
      <header class="part-head">
        <h2>{t("join_requests")}</h2>
      </header>
      {people.value.map((person) => (
        <PersonLine key={person.id} person={person}>
          <Button kind="main" onClick={() => answer(person.id, true)}>
            {t("accept")}
          </Button>
          <Button onClick={() => answer(person.id, false)}>{t("decline")}</Button>
        </PersonLine>
      ))}
    </section>
  );
}
