/** What waits to be published: drafts, and posts that are published by themselves at their time. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { isKey, t } from "../app/messages.ts";
import { plaza } from "../app/plaza.ts";
import { toast } from "../app/toasts.ts";
import { Button } from "../parts/button.tsx";
import { Empty, Failed, Waiting } from "../parts/empty.tsx";
import { Icon } from "../parts/icon.tsx";
import { Page } from "../parts/page.tsx";
import { FullTime } from "../parts/time.tsx";
import { whileVisible } from "../parts/while-visible.ts";
import { type Draft, publishDraft, writingOf } from "../store/drafts.ts";
import { dropText, newestText } from "../store/writing.ts";

export default function Drafts() {
  const drafts = useSignal<Draft[] | undefined>(undefined);
  const error = useSignal<unknown>(undefined);

  async function read(): Promise<void> {
    const answer = await plaza.from("drafts").select("*").order("edited_at", { ascending: false }).limit(100);
    error.value = answer.error;
    if (answer.data) drafts.value = answer.data;
  }
  useEffect(() => {
    void read();
    // A draft may be published while one looks.
    return whileVisible(30_000, read);
  }, []);

  return (
    <Page title={t("drafts")}>
      {drafts.value ? (
        drafts.value.length === 0 ? (
          <Empty icon="pen" title={t("drafts_empty")}>
            <a href="/compose">{t("compose")}</a>
          </Empty>
        ) : (
          <ul>
            {drafts.value.map((draft) => (
              <li key={draft.id} class="row">
                <DraftLine draft={draft} onChange={read} />
              </li>
            ))}
          </ul>
        )
      ) : error.value ? (
        <Failed error={error.value} onRetry={read} />
      ) : (
        <Waiting />
      )}
    </Page>
  );
}

function DraftLine({ draft, onChange }: { draft: Draft; onChange: () => Promise<void> }) {
  const occasion = `draft:${draft.id}`;
  // What was written on this device, and not saved yet.
  const saved = writingOf(draft);
  const { writing } = newestText(occasion, saved);
  const aboutId = draft.reply_to_id ?? draft.quote_of_id;
  const failure =
    draft.failure &&
    (isKey(`error_${draft.failure}`) ? t(`error_${draft.failure}` as "error_unexpected") : draft.failure);
  return (
    <div class="draft">
      {aboutId !== null && (
        <p class="post-why">
          <Icon name={draft.reply_to_id ? "reply" : "quote"} />
          <a href={`/posts/${aboutId}`}>{draft.reply_to_id ? t("draft_reply") : t("draft_quote")}</a>
        </p>
      )}
      {writing.title && (
        <p class="post-title" dir="auto">
          {writing.title}
        </p>
      )}
      <p class="text clamped" dir="auto" lang={writing.language ?? undefined}>
        {writing.content}
      </p>
      {draft.publish_at && !draft.failure && (
        <p class="post-why">
          <Icon name="clock" />
          <span>
            {t("draft_at")} <FullTime at={draft.publish_at} />
          </span>
        </p>
      )}
      {failure && (
        <p class="problem">
          {t("draft_failed")} {failure}
        </p>
      )}
      <div class="actions">
        <Button
          kind="danger"
          onClick={async () => {
            await plaza.from("drafts").delete().eq("id", draft.id).throwOnError();
            dropText(occasion);
            await onChange();
          }}
        >
          {t("delete")}
        </Button>
        <a class="button plain" href={`/compose?draft=${draft.id}`}>
          {t("edit")}
        </a>
        <Button
          kind="main"
          onClick={async () => {
            if (writing === saved) await plaza.rpc("publish_draft", { draft_id: draft.id }).throwOnError();
            else await publishDraft(draft.id, writing);
            dropText(occasion, writing);
            toast(t("post_sent"));
            await onChange();
          }}
        >
          {t("draft_publish")}
        </Button>
      </div>
    </div>
  );
}
