/** A conversation. */
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { t } from "../../app/messages.ts";
import { plaza } from "../../app/plaza.ts";
import { navigate, type PageProps, whileHere } from "../../app/router.ts";
import { userId } from "../../app/session.ts";
import { isOffline, readUnread } from "../../app/sync.ts";
import { Button } from "../../parts/button.tsx";
import { Empty, Waiting } from "../../parts/empty.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Page } from "../../parts/page.tsx";
import { nameOf } from "../../parts/person-line.tsx";
import { otherOf, titleOf } from "../../store/conversations.ts";
import { openRoom, type Room } from "../../store/room.ts";
import { Composer } from "./composer.tsx";
import { MessageList } from "./message-list.tsx";
import { Face } from "./words.tsx";
import type { Writing } from "./writing.ts";

export default function RoomPage(props: PageProps) {
  return Number.isSafeInteger(Number(props.params.id)) ? <OpenRoom {...props} /> : <Gone title={t("chat")} />;
}

function Gone({ title }: { title: string }) {
  return (
    <Page title={title} backTo="/chat">
      <Empty icon="lock" title={t("chat_gone")}>
        {t("chat_gone_text")} <a href="/chat">{t("chat_back")}</a>
      </Empty>
    </Page>
  );
}

function OpenRoom({ params, query }: PageProps) {
  const id = Number(params.id);
  const room = useMemo(() => openRoom(id), [id]);
  const writing = useSignal<Writing>({});
  useEffect(() => () => room.close(), [room]);
  useReading(room);

  const at = Number(query.get("at"));
  const isOpen = room.state.value === "open";
  useEffect(() => {
    if (isOpen && at > 0) void room.around(at).catch(() => {});
  }, [isOpen, at]);

  const conversation = room.conversation.value;
  if (room.state.value === "gone") return <Gone title={conversation ? titleOf(conversation) : t("chat")} />;
  if (!conversation) {
    return (
      <Page title={t("chat")} backTo="/chat">
        <Waiting />
      </Page>
    );
  }
  return (
    <Page
      title={titleOf(conversation)}
      backTo="/chat"
      actions={
        <a
          class="button quiet icon-only"
          href={`/chat/${id}/about`}
          title={t("chat_about")}
          aria-label={t("chat_about")}
        >
          <Icon name="settings" />
        </a>
      }
    >
      <div class="room">
        <Presence room={room} />
        <MessageList key={room.state.value} room={room} writing={writing} jumpTo={at} />
        <Typing room={room} />
        {conversation.is_request ? <Request room={room} /> : <Composer room={room} writing={writing} />}
      </div>
    </Page>
  );
}

/** Who is there, under the name. */
function Presence({ room }: { room: Room }) {
  const conversation = room.conversation.value;
  if (!conversation) return null;
  const { kind, member_count, expires_after } = conversation;
  // Without the network nobody knows.
  const count = isOffline.value ? 0 : room.online.value.length;
  const other = otherOf(conversation);
  const words =
    kind === "group"
      ? [t("members_count", { count: member_count }), count > 0 && t("online_count", { count })]
      : [count > 0 && t("online"), other && `@${other.username}`];
  return (
    <p class="presence note">
      <Face conversation={conversation} size="small" />
      {count > 0 && <span class="online-dot" />}
      <span>{words.filter(Boolean).join(" · ")}</span>
      {expires_after !== null && (
        <span class="mark" role="img" aria-label={t("chat_expires")} title={t("chat_expires")}>
          <Icon name="clock" />
        </span>
      )}
    </p>
  );
}

function Typing({ room }: { room: Room }) {
  const members = room.conversation.value?.members ?? [];
  const names = room.typing.value.map((id) => {
    const person =
      members.find((each) => each.id === id) ??
      room.receipts.value.find(({ profile }) => profile.id === id)?.profile;
    return person ? nameOf(person) : t("chat_somebody");
  });
  return (
    <p class="typing note" aria-hidden={names.length === 0}>
      {names.length > 0 && (
        <>
          <span class="typing-dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          <bdi>
            {names.length === 1
              ? t("typing_one", { name: names[0] ?? "" })
              : t("typing_many", { count: names.length })}
          </bdi>
        </>
      )}
    </p>
  );
}

/** Somebody whom the person does not follow began this. */
function Request({ room }: { room: Room }) {
  const conversation_id = room.id;
  return (
    <div class="room-request">
      <p>{t("chat_request_text")}</p>
      <div class="actions">
        <Button
          onClick={async () => {
            const here = whileHere();
            await plaza.rpc("decline_conversation", { conversation_id }).throwOnError();
            here(() => navigate("/chat?folder=requests", { replace: true }));
          }}
        >
          {t("decline")}
        </Button>
        <Button
          kind="main"
          onClick={() => plaza.rpc("accept_conversation", { conversation_id }).throwOnError().then()}
        >
          {t("accept")}
        </Button>
      </div>
    </div>
  );
}

/** What is shown while somebody looks at it is read. What comes otherwise is only delivered. */
function useReading(room: Room): void {
  const isSeen = useSignal(document.visibilityState === "visible");
  useEffect(() => {
    const look = () => {
      isSeen.value = document.visibilityState === "visible";
    };
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, []);
  const last = room.hasNewer.value ? undefined : room.messages.value.at(-1);
  const conversation = room.conversation.value;
  const isUnread =
    conversation !== undefined &&
    last !== undefined &&
    (last.seq > conversation.read_seq || conversation.is_marked_unread) &&
    (last.sender?.id !== userId.value || conversation.is_marked_unread || conversation.unread > 0);
  useEffect(() => {
    if (!isUnread || !last) return undefined;
    const args = { conversation_id: room.id, seq: last.seq };
    // Messages come in bursts.
    const timer = setTimeout(
      () =>
        void plaza
          .rpc(isSeen.value ? "mark_conversation_read" : "mark_conversation_delivered", args)
          .then(readUnread),
      isSeen.value ? 300 : 1_000,
    );
    return () => clearTimeout(timer);
  }, [isUnread, last?.seq, isSeen.value]);
}
