/** Posts that wait for the network, and posts that could not be sent. Nothing that was written is lost. */
import type { ComponentChildren } from "preact";
import { t } from "../app/messages.ts";
import { navigate } from "../app/router.ts";
import { isOffline, waiting } from "../app/sync.ts";
import {
  dropUnsent,
  keepText,
  refused,
  sendPost,
  type Unsent,
  unsent,
  type Writing,
} from "../store/writing.ts";
import { Button } from "./button.tsx";
import { Icon } from "./icon.tsx";

export function UnsentPosts() {
  const posts = waiting.value.flatMap(({ key, write }) =>
    "rpc" in write && write.rpc === "write_post" && write.args?.content
      ? [{ key, content: String(write.args.content) }]
      : [],
  );
  if (posts.length === 0 && unsent.value.length === 0) return null;
  return (
    <section class="unsent" aria-label={t("unsent")}>
      {unsent.value.map((each) => (
        <Line key={each.key} content={each.writing.content}>
          <p class="problem">
            {t("post_not_sent")} {each.problem}
          </p>
          <UnsentActions post={each} />
        </Line>
      ))}
      {posts.map(({ key, content }) => (
        <Line key={key} content={content}>
          <p class="post-why">
            <Icon name="clock" />
            <span>{isOffline.value ? t("post_waits") : t("post_sending")}</span>
          </p>
        </Line>
      ))}
    </section>
  );
}

function Line({ content, children }: { content: string; children: ComponentChildren }) {
  return (
    <div class="draft row">
      <p class="text clamped" dir="auto">
        {content}
      </p>
      {children}
    </div>
  );
}

function UnsentActions({ post }: { post: Unsent }) {
  const { key, writing } = post;
  return (
    <div class="actions">
      <Button kind="danger" onClick={() => dropUnsent(key)}>
        {t("delete")}
      </Button>
      <Button
        onClick={() => {
          const occasion = occasionOf(writing);
          keepText(occasion, writing);
          dropUnsent(key);
          navigate(`/compose${occasion === "new" ? "" : `?${occasion.replace(":", "=")}`}`);
        }}
      >
        {t("edit")}
      </Button>
      <Button
        kind="main"
        onClick={async () => {
          const { answer } = await sendPost(writing, key);
          dropUnsent(key);
          answer.catch((error: unknown) => refused(key, writing, error));
        }}
      >
        {t("try_again")}
      </Button>
    </div>
  );
}

function occasionOf({ reply_to_id, quote_of_id }: Writing): string {
  if (reply_to_id) return `reply:${reply_to_id}`;
  return quote_of_id ? `quote:${quote_of_id}` : "new";
}
