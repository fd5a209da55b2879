/** The conversations of the person, the newest on top. Requests of strangers wait apart. */
import { useComputed } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { t } from "../../app/messages.ts";
import { type Conversation, plaza } from "../../app/plaza.ts";
import type { PageProps } from "../../app/router.ts";
import { readUnread, unread } from "../../app/sync.ts";
import { Button } from "../../parts/button.tsx";
import { Empty, Failed, Waiting } from "../../parts/empty.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Menu, type MenuItem } from "../../parts/menu.tsx";
import { Page } from "../../parts/page.tsx";
import { Tabs } from "../../parts/tabs.tsx";
import { Time } from "../../parts/time.tsx";
import { type Folder, isMuted, listOf, titleOf } from "../../store/conversations.ts";
import { changeSide, forever } from "./own-side.tsx";
import { Face, Preview } from "./words.tsx";

const folders: Folder[] = ["inbox", "requests", "archived"];

export default function Chat({ query }: PageProps) {
  const wanted = query.get("folder") as Folder | null;
  const folder = wanted && folders.includes(wanted) ? wanted : "inbox";
  const requests = unread.value.message_requests;
  return (
    <Page
      title={t("chat")}
      actions={
        <>
          <a
            class="button quiet icon-only"
            href="/chat/search"
            title={t("chat_search")}
            aria-label={t("chat_search")}
          >
            <Icon name="search" />
          </a>
          <a
            class="button quiet icon-only"
            href="/chat/settings"
            title={t("chat_settings")}
            aria-label={t("chat_settings")}
          >
            <Icon name="settings" />
          </a>
          <a class="button quiet icon-only" href="/chat/new" title={t("chat_new")} aria-label={t("chat_new")}>
            <Icon name="plus" />
          </a>
        </>
      }
    >
      <Tabs
        label={t("chat_folders")}
        tabs={[
          { href: "/chat", label: t("chat_inbox") },
          {
            href: "/chat?folder=requests",
            label: requests > 0 ? `${t("chat_requests")} (${requests})` : t("chat_requests"),
          },
          { href: "/chat?folder=archived", label: t("chat_archived") },
        ]}
      />
      <List key={folder} folder={folder} />
    </Page>
  );
}

function List({ folder }: { folder: Folder }) {
  const list = listOf(folder);
  const pinned = listOf("pinned");
  useEffect(() => {
    void list.read();
    if (folder === "inbox") void pinned.read();
  }, [folder]);
  // In the inbox, pinned ones stay on top.
  const rows = useComputed(() =>
    folder === "inbox"
      ? [...pinned.rows.value, ...list.rows.value.filter(({ is_pinned }) => !is_pinned)]
      : list.rows.value,
  );
  if (list.state.value === "failed") return <Failed error={list.error.value} onRetry={list.read} />;
  if (list.state.value === "new") return <Waiting />;
  if (rows.value.length === 0) {
    return (
      <Empty icon="chat" title={t(`chat_empty_${folder}` as "chat_empty_inbox")}>
        {folder === "inbox" && (
          <a class="button main" href="/chat/new">
            {t("chat_new")}
          </a>
        )}
      </Empty>
    );
  }
  return (
    <>
      <ul class="conversations" aria-label={t("chat")}>
        {rows.value.map((row) => (
          <Row key={row.id} row={row} />
        ))}
      </ul>
      {list.hasMore.value && (
        <div class="list-more">
          <Button onClick={list.more}>{t("show_more")}</Button>
        </div>
      )}
    </>
  );
}

function Row({ row }: { row: Conversation }) {
  const isUnread = row.unread > 0 || row.is_marked_unread;
  return (
    <li class={isUnread ? "conversation fresh" : "conversation"}>
      <a href={`/chat/${row.id}`}>
        <Face conversation={row} />
        <span class="conversation-words">
          <span class="conversation-head">
            <bdi class="name">{titleOf(row)}</bdi>
            {row.is_pinned && <Icon name="pin" />}
            {isMuted(row) && <Icon name="mute" />}
          </span>
          <Preview row={row} />
        </span>
        <span class="conversation-end">
          {row.last_message && (
            <span class="note">
              <Time at={row.last_message.created_at} />
            </span>
          )}
          {isUnread && (
            <span class={isMuted(row) ? "unread-count muted" : "unread-count"}>
              {row.mentions > 0 && "@"}
              {row.unread > 99 ? "99+" : row.unread || "•"}
              <span class="unseen"> {t("unread_count", { count: row.unread })}</span>
            </span>
          )}
        </span>
      </a>
      <Menu label={t("more_about_chat", { name: titleOf(row) })} items={() => itemsOf(row)} />
    </li>
  );
}

function itemsOf(row: Conversation): MenuItem[] {
  const isUnread = row.unread > 0 || row.is_marked_unread;
  const { id } = row;
  const change = (side: Parameters<typeof changeSide>[1]) => () => changeSide(id, side);
  return [
    isUnread
      ? {
          label: t("mark_read"),
          icon: "check",
          run: () =>
            plaza.rpc("mark_conversation_read", { conversation_id: id, seq: row.last_seq }).then(readUnread),
        }
      : {
          label: t("mark_unread"),
          icon: "bell",
          run: () => plaza.rpc("mark_conversation_unread", { conversation_id: id }).then(readUnread),
        },
    row.is_pinned
      ? { label: t("unpin"), icon: "pin", run: change({ is_pinned: false }) }
      : { label: t("pin"), icon: "pin", run: change({ is_pinned: true }) },
    isMuted(row)
      ? { label: t("unmute"), icon: "bell", run: change({ muted_until: new Date(0).toISOString() }) }
      : { label: t("mute"), icon: "mute", run: change({ muted_until: forever }) },
    row.is_archived
      ? { label: t("unarchive"), icon: "archive", run: change({ is_archived: false }) }
      : { label: t("archive"), icon: "archive", run: change({ is_archived: true }) },
    { label: t("chat_about"), icon: "settings", href: `/chat/${id}/about` },
  ];
}
