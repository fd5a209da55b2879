/** Requests to follow: those that wait for the person's answer, and those that the person sent. */
import { t } from "../app/messages.ts";
import { type Author, plaza } from "../app/plaza.ts";
import type { PageProps } from "../app/router.ts";
import { me, readMe, userId } from "../app/session.ts";
import { Button } from "../parts/button.tsx";
import { Empty } from "../parts/empty.tsx";
import { FeedView } from "../parts/feed.tsx";
import { Page } from "../parts/page.tsx";
import { PersonLine } from "../parts/person-line.tsx";
import { Tabs } from "../parts/tabs.tsx";
import { Time } from "../parts/time.tsx";
import { type Cursors, type Feed, feedOf, pageSize } from "../store/feeds.ts";
import { answerRequest, withdraw } from "../store/people.ts";

interface Request {
  id: number;
  created_at: string;
  profile: Author;
}

const sides = {
  received: { own: "target_id", other: "requester_id" },
  sent: { own: "requester_id", other: "target_id" },
} as const;
type Side = keyof typeof sides;

function requestsFeed(side: Side): Feed<Request> {
  const { own, other } = sides[side];
  return feedOf<Request>(`requests ${side}`, {
    read: ({ before, after }: Cursors) => {
      const all = plaza
        .from("follow_requests")
        .select(`id, created_at, profile:profiles!${other}(id, username, display_name, avatar_url)`)
        .eq(own, userId.value ?? "")
        .order("id", { ascending: false })
        .limit(pageSize);
      const older = before === undefined ? all : all.lt("id", before);
      return after === undefined ? older : older.gt("id", after);
    },
    async count(after) {
      const { count, error } = await plaza
        .from("follow_requests")
        .select("id", { count: "exact", head: true })
        .eq(own, userId.value ?? "")
        .gt("id", after);
      return { data: count, error };
    },
  });
}

export default function Requests({ params: { side = "received" } }: PageProps) {
  const shown: Side = side === "sent" ? "sent" : "received";
  const feed = requestsFeed(shown);

  async function act(row: Request, write: Promise<void>): Promise<void> {
    await write;
    feed.drop(({ id }) => id === row.id);
    void readMe();
  }

  return (
    <Page title={t("requests")} backTo="/">
      <Tabs
        label={t("requests")}
        tabs={[
          { href: "/requests", label: t("requests_received") },
          { href: "/requests/sent", label: t("requests_sent") },
        ]}
      />
      <FeedView
        feed={feed}
        label={t("requests")}
        empty={
          <Empty icon="people" title={t(`requests_${shown}_empty`)}>
            {shown === "received" && me.value?.is_private === false && t("requests_public_hint")}
          </Empty>
        }
        row={(row, id) => (
          <PersonLine person={row.profile} id={`${id}-name`} note={<Time at={row.created_at} />}>
            {shown === "sent" ? (
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
            )}
          </PersonLine>
        )}
      />
    </Page>
  );
}
