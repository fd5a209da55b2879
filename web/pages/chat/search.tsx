/** Finds messages in all conversations of the person. A result leads to its place. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { t } from "../../app/messages.ts";
import { type Message, plaza } from "../../app/plaza.ts";
import { navigate, type PageProps } from "../../app/router.ts";
import { Button } from "../../parts/button.tsx";
import { Empty, Failed, Waiting } from "../../parts/empty.tsx";
import { Page } from "../../parts/page.tsx";
import { Grammar, SearchBox } from "../../parts/search-box.tsx";
import { Time } from "../../parts/time.tsx";
import { senderName, shortText } from "./words.tsx";

const pageSize = 20;

export default function SearchMessages({ query }: PageProps) {
  const words = query.get("q")?.trim() ?? "";
  return (
    <Page title={t("chat_search")} backTo="/chat">
      <SearchBox
        words={words}
        label={t("chat_search")}
        onSearch={(next) => navigate(`/chat/search?q=${encodeURIComponent(next)}`, { replace: words !== "" })}
      />
      <Grammar />
      {words && <Results key={words} words={words} />}
    </Page>
  );
}

function Results({ words }: { words: string }) {
  const found = useSignal<Message[] | undefined>(undefined);
  const error = useSignal<unknown>(undefined);
  const hasMore = useSignal(false);

  async function more(): Promise<void> {
    error.value = undefined;
    const before = found.value?.at(-1)?.id;
    const answer = await plaza.rpc("search_messages", { query: words, before, page_size: pageSize });
    if (answer.error) {
      error.value = answer.error;
      return;
    }
    found.value = [...(found.value ?? []), ...answer.data];
    hasMore.value = answer.data.length === pageSize;
  }
  useEffect(() => void more(), []);

  if (error.value !== undefined) return <Failed error={error.value} onRetry={more} />;
  if (!found.value) return <Waiting />;
  if (found.value.length === 0) return <Empty icon="search" title={t("search_nothing")} />;
  return (
    <>
      <ul class="conversations" aria-label={t("search_results")}>
        {found.value.map((message) => (
          <li class="conversation" key={message.id}>
            <a href={`/chat/${message.conversation_id}?at=${message.seq}`}>
              <span class="conversation-words">
                <span class="conversation-head">
                  <bdi class="name">{senderName(message)}</bdi>
                </span>
                <span class="found" dir="auto">
                  {shortText(message)}
                </span>
              </span>
              <span class="conversation-end note">
                <Time at={message.created_at} />
              </span>
            </a>
          </li>
        ))}
      </ul>
      {hasMore.value && (
        <div class="list-more">
          <Button onClick={more}>{t("show_more")}</Button>
        </div>
      )}
    </>
  );
}
