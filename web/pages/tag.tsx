/** The posts with a tag. One may follow it: then its posts come home. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { wordsOf } from "../app/errors.ts";
import { t } from "../app/messages.ts";
import { plaza } from "../app/plaza.ts";
import type { PageProps } from "../app/router.ts";
import { isSignedIn, userId } from "../app/session.ts";
import { send } from "../app/sync.ts";
import { toast } from "../app/toasts.ts";
import { Button } from "../parts/button.tsx";
import { Empty } from "../parts/empty.tsx";
import { Page } from "../parts/page.tsx";
import { PostFeed } from "../parts/post-feed.tsx";
import { tagFeed } from "../store/sources.ts";

export default function Tag({ params: { tag = "" } }: PageProps) {
  return (
    <Page title={`#${tag}`} backTo="/" actions={isSignedIn.value && <FollowTag tag={tag} />}>
      <PostFeed
        feed={tagFeed(tag)}
        label={`#${tag}`}
        empty={
          <Empty icon="tag" title={t("tag_empty")}>
            <a href={`/compose?text=${encodeURIComponent(`#${tag}`)}`}>{t("tag_write")}</a>
          </Empty>
        }
      />
    </Page>
  );
}

function FollowTag({ tag }: { tag: string }) {
  const follows = useSignal<boolean | undefined>(undefined);
  useEffect(() => {
    void plaza
      .from("tag_follows")
      .select("tag")
      .then(({ data }) => {
        if (data) follows.value = data.some((row) => row.tag.toLowerCase() === tag.toLowerCase());
      });
  }, [tag]);

  async function change(wanted: boolean): Promise<void> {
    follows.value = wanted;
    const row = { tag: tag.toLowerCase(), user_id: userId.value };
    const { answer } = await send(
      wanted ? { upsert: "tag_follows", values: { tag } } : { delete: "tag_follows", match: row },
    );
    answer.catch((error: unknown) => {
      follows.value = !wanted;
      toast(wordsOf(error), { isError: true });
    });
  }

  if (follows.value === undefined) return null;
  const isOn = follows.value;
  return (
    <Button kind={isOn ? "plain" : "main"} isPressed={isOn} onClick={() => change(!isOn)}>
      {isOn ? t("tag_followed") : t("tag_follow")}
    </Button>
  );
}
