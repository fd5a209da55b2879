/** Requests to follow: those that wait for the person's answer, and those that the person sent. */
import { useEffect } from "preact/hooks";
import { t } from "../app/messages.ts";
import { type Person, plaza } from "../app/plaza.ts";
import type { PageProps } from "../app/router.ts";
import { me, readMe } from "../app/session.ts";
import { unread } from "../app/sync.ts";
import { Button } from "../parts/button.tsx";
import { Empty } from "../parts/empty.tsx";
import { Page } from "../parts/page.tsx";
import { People } from "../parts/people.tsx";
import { Tabs } from "../parts/tabs.tsx";
import { type Feed, useFreshFeed } from "../store/feeds.ts";
import { answerRequest, keepPeople, withdraw } from "../store/people.ts";

type Side = "received" | "sent";

function useRequests(side: Side): Feed<Person> {
  const sent = side === "sent";
  return useFreshFeed<Person>(`requests ${side}`, {
    read: (cursors) => plaza.rpc("follow_requests", { sent, ...cursors }),
    async count(after) {
      const { data, error } = await plaza.rpc("follow_requests", { sent, after, page_size: 100 });
      return { data: data?.length ?? null, error };
    },
    seen: keepPeople,
  });
}

export default function Requests({ params: { side = "received" } }: PageProps) {
  const shown: Side = side === "sent" ? "sent" : "received";
  const feed = useRequests(shown);
  const { requests } = unread.value;
  // Somebody asks while this is open. With nobody on the page, nothing moves under the reader.
  useEffect(() => {
    const isEmpty = feed.state.peek() === "ready" && feed.blocks.peek().length === 0;
    if (requests > 0 && shown === "received") void (isEmpty ? feed.restart() : feed.look());
  }, [requests, feed]);

  async function act(row: Person, write: Promise<void>): Promise<void> {
    await write;
    feed.drop(({ id }) => id === row.id);
    void readMe();
  }

  const title = t(shown === "sent" ? "requests_yours" : "requests");
  return (
    <Page title={title} backTo="/">
      <Tabs
        label={t("requests_both")}
        tabs={[
          { href: "/requests", label: t("requests_received") },
          { href: "/requests/sent", label: t("requests_sent") },
        ]}
      />
      <People
        feed={feed}
        label={title}
        empty={
          <Empty icon="people" title={t(`requests_${shown}_empty`)}>
            {shown === "received" && me.value?.is_private === false && t("requests_public_hint")}
          </Empty>
        }
        actions={(row) =>
          shown === "sent" ? (
            <Button onClick={() => act(row, withdraw(row.profile))}>{t("request_withdraw")}</Button>
          ) : (
            <>
              <Button kind="main" onClick={() => act(row, answerRequest(row.profile, true))}>
                {t("request_accept")}
              </Button>
              <Button onClick={() => act(row, answerRequest(row.profile, false))}>
                {t("request_decline")}
              </Button>
            </>
          )
        }
      />
    </Page>
  );
}
