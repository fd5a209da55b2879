/** Everybody of one group of notifications. If they ask to follow, one can answer them here. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { t } from "../../app/messages.ts";
import { type Notification, plaza } from "../../app/plaza.ts";
import type { PageProps } from "../../app/router.ts";
import { Button } from "../../parts/button.tsx";
import { Empty } from "../../parts/empty.tsx";
import { FeedView } from "../../parts/feed.tsx";
import { Page } from "../../parts/page.tsx";
import { PersonLine } from "../../parts/person-line.tsx";
import { Time } from "../../parts/time.tsx";
import { type Feed, feedOf } from "../../store/feeds.ts";
import { notificationFeed } from "../../store/notifications.ts";

interface Actor {
  id: number;
  profile: Notification["actors"][number];
  happened_at: string;
}

export default function People({ params }: PageProps) {
  const groupId = Number(params.group);
  const feed = feedOf<Actor>(`notification:${groupId}`, {
    read: ({ before }) => plaza.rpc("notification_actors", { group_id: groupId, before }),
  });
  const asks = useSignal(false);
  useEffect(() => {
    const group = notificationFeed("all")
      .blocks.peek()
      .flat()
      .find(({ group_id }) => group_id === groupId);
    if (group) asks.value = ["follow_request", "filtered_requests"].includes(group.kind);
    // After a reload the group is not known here. Whoever asks still asks.
    else
      void plaza
        .rpc("notifications", { kinds: ["follow_request", "filtered_requests"], page_size: 100 })
        .then(({ data }) => {
          asks.value = data?.some(({ group_id }) => group_id === groupId) ?? false;
        });
  }, [groupId]);
  return (
    <Page title={t("people")} backTo="/notifications">
      <FeedView
        feed={feed}
        label={t("people")}
        row={(row, id) => (
          <PersonLine person={row.profile} id={`${id}-name`} note={<Time at={row.happened_at} />}>
            {asks.value && <Answer feed={feed} row={row} />}
          </PersonLine>
        )}
        empty={<Empty icon="people" title={t("people_none")} />}
      />
    </Page>
  );
}

function Answer({ feed, row }: { feed: Feed<Actor>; row: Actor }) {
  const requester_id = row.profile.id;
  const answer = async (name: "accept_follow_request" | "decline_follow_request") => {
    await plaza.rpc(name, { requester_id }).throwOnError();
    feed.drop(({ id }) => id === row.id);
  };
  return (
    <>
      <Button kind="main" onClick={() => answer("accept_follow_request")}>
        {t("accept")}
      </Button>
      <Button onClick={() => answer("decline_follow_request")}>{t("decline")}</Button>
    </>
  );
}
