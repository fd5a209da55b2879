/** What happened to the person, in groups. New ones come by themselves; what is read is read on all devices. */
import { t } from "../../app/messages.ts";
import type { PageProps } from "../../app/router.ts";
import { unread } from "../../app/sync.ts";
import { Button } from "../../parts/button.tsx";
import { Empty } from "../../parts/empty.tsx";
import { FeedView } from "../../parts/feed.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Page } from "../../parts/page.tsx";
import { Tabs } from "../../parts/tabs.tsx";
import { type Filter, filters, notificationFeed, readAll } from "../../store/notifications.ts";
import { NotificationRow } from "./row.tsx";

export default function Notifications({ query }: PageProps) {
  const wanted = query.get("show") ?? "all";
  const filter = (Object.hasOwn(filters, wanted) ? wanted : "all") as Filter;
  const { notifications, requests } = unread.value;
  return (
    <Page
      title={t("notifications")}
      actions={
        <>
          <Button
            kind="quiet"
            icon="check"
            disabled={notifications === 0}
            onClick={readAll}
            label={t("notifications_read_all")}
          />
          <a
            class="button quiet icon-only"
            href="/notifications/settings"
            title={t("settings")}
            aria-label={t("notifications_settings")}
          >
            <Icon name="settings" />
          </a>
        </>
      }
    >
      <Tabs
        label={t("notifications_show")}
        tabs={[
          { href: "/notifications", label: t("notifications_all") },
          { href: "/notifications?show=mentions", label: t("notifications_mentions") },
          { href: "/notifications?show=people", label: t("notifications_people") },
        ]}
      />
      {requests > 0 && (
        <p class="notice">
          <Icon name="people" />
          <a href="/requests">{t("notifications_requests", { count: requests })}</a>
        </p>
      )}
      <FeedView
        key={filter}
        feed={notificationFeed(filter)}
        label={t("notifications")}
        row={(row, id) => <NotificationRow row={row} id={id} />}
        empty={
          <Empty icon="bell" title={t("notifications_empty")}>
            {t("notifications_empty_hint")}
          </Empty>
        }
      />
    </Page>
  );
}
