/** The questions about conversations, each with the answer of the model. Forms of rows are in chat-rows.ts. */
import type { SupabaseClient } from "@supabase/supabase-js";
import type { Answers, Question } from "./ask.ts";
import { isListed, listRow, listRowFrom, messageFrom, messageRow, sortedBy } from "./chat-rows.ts";
import { messageLabel, talkLabel } from "./chat-stage.ts";
import {
  type Conversation,
  hasText,
  isShown,
  isThere,
  type Membership,
  type Message,
  memberOf,
  messagesOf,
  roles,
  settingsOf,
  showsReceipts,
} from "./chats.ts";
import { hidden, person, pieces, type Viewer } from "./model.ts";
import { outcome } from "./moves.ts";
import { as, nameOf, type Stage, wordOf } from "./stage.ts";

// biome-ignore lint/suspicious/noExplicitAny: as it came over HTTP
type Answered = any;

/** How many messages a snapshot has. */
const newest = 50;
const folders = ["inbox", "requests", "archived", "pinned"] as const;

/** @returns the questions that this viewer can ask about conversations */
export function chats(stage: Stage, viewer: Viewer, answers: Answers): Question[] {
  if (stage.population.owner === null) return [];
  const client = as(stage, viewer);
  return [
    ...lists(stage, viewer, client, answers),
    ...stage.world.conversations.flatMap((talk) => inside(stage, viewer, client, talk, answers)),
    ...aboutMessages(stage, viewer, client),
  ];
}

/** Calls a function. @returns its rows, or the code of the error */
async function rows(client: SupabaseClient, name: string, args: object, form: (row: Answered) => unknown) {
  const answer = await client.rpc(name, args);
  return answer.error ? outcome(answer) : answer.data.map(form);
}

function lists(stage: Stage, viewer: Viewer, client: SupabaseClient, answers: Answers): Question[] {
  const { world } = stage;
  const own = <T>(answer: (id: string) => T) => (viewer === null ? "42501" : answer(viewer));
  const listed = (folder: (typeof folders)[number]) =>
    own((id) =>
      sortedBy(world.conversations, (talk) => -(messagesOf(world, talk).length && lastPlace(stage, talk)))
        .filter((talk) => isListed(world, talk, memberOf(talk, id), folder))
        .map((talk) => listRow(stage, talk, memberOf(talk, id) as Membership, answers)),
    );
  return [
    ...folders.map((folder) => ({
      kind: "conversations",
      text: `their ${folder}`,
      ask: () => rows(client, "conversations", { folder, page_size: 100 }, (row) => listRowFrom(stage, row)),
      expected: () => listed(folder),
    })),
    {
      kind: "conversations",
      text: "their inbox, page by page",
      ask: async () => {
        const read: Answered[] = [];
        for (;;) {
          const answer = await client.rpc("conversations", { before: read.at(-1)?.place, page_size: 2 });
          if (answer.error) return outcome(answer);
          read.push(...answer.data);
          if (answer.data.length < 2 || read.length > 100) return read.map((row) => listRowFrom(stage, row));
        }
      },
      expected: () => listed("inbox"),
    },
    {
      kind: "unread messages",
      text: "how many messages are unread",
      ask: async () => {
        const answer = await client.rpc("unread");
        if (answer.error) return outcome(answer);
        const [{ messages, message_requests }] = answer.data;
        return { messages, message_requests };
      },
      expected: () => own((id) => answers.chatTotals(world, id)),
    },
    {
      kind: "chat_settings",
      text: "their settings of chat",
      ask: async () => {
        const answer = await client.rpc("chat_settings");
        if (answer.error) return outcome(answer);
        const { who_writes, who_adds, shows_receipts } = answer.data;
        return { who_writes, who_adds, shows_receipts };
      },
      expected: () =>
        own((id) => {
          const { who_writes, who_adds, shows_receipts } = settingsOf(world, id);
          return { who_writes, who_adds, shows_receipts };
        }),
    },
  ];
}

/** The place of the newest message of a conversation among all messages. */
const lastPlace = ({ world }: Stage, talk: Conversation): number =>
  world.messages.findLastIndex((one) => one.talk === talk) + 1;

function inside(
  stage: Stage,
  viewer: Viewer,
  client: SupabaseClient,
  talk: Conversation,
  answers: Answers,
): Question[] {
  const { world } = stage;
  const where = talkLabel(stage, talk);
  const conversation_id = talk.id;
  const own = memberOf(talk, viewer);
  const ask = <T>(
    kind: string,
    args: object,
    form: (row: Answered) => unknown,
    answer: (own: Membership) => T,
  ) => ({
    kind,
    text: [kind, "of", where, ...Object.keys(args)].join(" "),
    ask: () => rows(client, kind, { conversation_id, ...args }, form),
    expected: () => (viewer === null ? "42501" : own ? answer(own) : "conversation_not_found"),
  });
  const sees = (id: string) => viewer === null || !hidden(world, viewer, id);
  const shown = (own: Membership) => messagesOf(world, talk).filter((one) => isShown(own, one));
  const history = (own: Membership, some: Message[]) => some.map((one) => messageRow(stage, own, one));
  const middle = messagesOf(world, talk).filter(({ change }) => change === null);
  const around = middle[middle.length >> 1];
  const name = (id: string) => nameOf(stage, id);
  const isAdmin = (own: Membership) => own.role !== "member";
  const readPlaces = (seq: number) => middle.filter((one) => one.seq <= seq).length;
  const saidUpTo = (place: number) => middle.filter((one) => one.place <= place).length;
  return [
    ask(
      "conversation",
      {},
      (row) => listRowFrom(stage, row),
      (own) => [listRow(stage, talk, own, answers)],
    ),
    ask(
      "messages",
      { page_size: 100 },
      (row) => messageFrom(stage, row),
      (own) => history(own, shown(own)),
    ),
    ...(around
      ? [
          ask(
            "messages",
            { before: around.seq, page_size: 3 },
            (row) => messageFrom(stage, row),
            (own) =>
              history(
                own,
                shown(own)
                  .filter(({ place }) => place < around.place)
                  .slice(-3),
              ),
          ),
          ask(
            "messages",
            { after: around.seq, page_size: 3 },
            (row) => messageFrom(stage, row),
            (own) =>
              history(
                own,
                shown(own)
                  .filter(({ place }) => place > around.place)
                  .slice(0, 3),
              ),
          ),
        ]
      : []),
    ask(
      "conversation_members",
      {},
      (row) => ({ name: name(row.profile.id), role: row.role, isAccepted: row.is_accepted }),
      () =>
        sortedBy(
          sortedBy(
            talk.members.filter(({ of }) => sees(of)),
            ({ of }) => person(world, of).username,
          ),
          ({ role }) => roles.indexOf(role),
        ).map(({ of, role, isAccepted }) => ({
          name: name(of),
          role,
          isAccepted: isAccepted || talk.kind === "direct" || memberOf(talk, viewer)?.role === "member",
        })),
    ),
    {
      ...ask(
        "receipts",
        {},
        (row) => row,
        () => [],
      ),
      ask: async () => {
        const found = await rows(client, "receipts", { conversation_id }, (row) => ({
          name: name(row.profile.id),
          delivered: readPlaces(row.delivered_seq),
          read: readPlaces(row.read_seq),
        }));
        return Array.isArray(found) ? sortedBy(found, (one) => one.name) : found;
      },
      expected: () =>
        viewer === null
          ? "42501"
          : !own
            ? "conversation_not_found"
            : sortedBy(
                talk.members
                  .filter((one) => one !== own && sees(one.of))
                  .filter((one) => answers.showsReceipts(world, own) && showsReceipts(world, one))
                  .map((one) => ({
                    name: name(one.of),
                    delivered: saidUpTo(one.deliveredUpTo),
                    read: saidUpTo(one.shownUpTo),
                  })),
                (one) => one.name,
              ),
    },
    ask(
      "invites",
      {},
      (row) => [row.uses_left, row.needs_approval],
      (own) =>
        isAdmin(own)
          ? world.invites
              .filter((one) => one.talk === talk)
              .map(({ usesLeft, needsApproval }) => [usesLeft, needsApproval])
              .toReversed()
          : "role_too_low",
    ),
    {
      ...ask(
        "join_requests",
        {},
        (row) => row,
        () => [],
      ),
      ask: async () => {
        const found = await rows(client, "join_requests", { conversation_id }, (row) => name(row.id));
        return Array.isArray(found) ? found.toSorted() : found;
      },
      expected: () => {
        if (viewer === null || !own) return viewer === null ? "42501" : "conversation_not_found";
        return isAdmin(own) ? talk.asking.filter(sees).map(name).toSorted() : "role_too_low";
      },
    },
    {
      kind: "sync of a conversation",
      text: `all that happened in ${where}`,
      ask: () => readStream(stage, client, talk),
      expected: () => {
        if (viewer === null) return "42501";
        if (!own || own.isDeclined) return "no row";
        return shown(own)
          .slice(-newest)
          .map((one) => ({ ...messageRow(stage, own, one), quoted: null }));
      },
    },
  ];
}

/** Reads a conversation from its first number on, and keeps the newest form of each message. */
async function readStream(stage: Stage, client: SupabaseClient, talk: Conversation): Promise<unknown> {
  const stream = `conversation:${talk.id}`;
  const found = new Map<number, Answered>();
  for (let cursor = 0; ; ) {
    const answer = await client.rpc("sync", { cursors: { [stream]: cursor }, page_size: 30 });
    if (answer.error) return outcome(answer);
    const page = answer.data.find((one: Answered) => one.stream === stream);
    if (!page) return "no row";
    if (page.start_over) {
      found.clear();
      for (const one of page.snapshot.messages) found.set(one.id, one);
      cursor = page.cursor;
    }
    for (const { seq, kind, payload } of page.events) {
      if (seq !== ++cursor) return `${seq} comes in place of ${cursor}`;
      if (kind === "message") found.set(payload.id, payload);
    }
    if (page.cursor !== cursor) return "the cursor is not that of the last event";
    if (page.has_more) continue;
    const rows = sortedBy([...found.values()], ({ seq }) => seq).slice(-newest);
    return rows.map((row) => ({ ...messageFrom(stage, row), quoted: null }));
  }
}

function aboutMessages(stage: Stage, viewer: Viewer, client: SupabaseClient): Question[] {
  const { world } = stage;
  const word = wordOf(stage, 0);
  const found = (fits: (one: Message) => boolean) =>
    viewer === null
      ? "42501"
      : world.messages
          .filter((one) => {
            const own = memberOf(one.talk, viewer);
            return own && !own.isDeclined && isThere(world, own, one) && fits(one);
          })
          .map((one) => messageRow(stage, memberOf(one.talk, viewer) as Membership, one))
          .toReversed();
  const has = ({ pieces: text }: Message) =>
    pieces({ title: [], content: text, warning: "" }).some((piece) => "word" in piece && piece.word === word);
  const search = (query: string, fits: (one: Message) => boolean): Question => ({
    kind: "search_messages",
    text: `the messages found by ${query}`,
    ask: () => rows(client, "search_messages", { query, page_size: 100 }, (row) => messageFrom(stage, row)),
    expected: () => found(fits),
  });
  return [
    search(word, has),
    ...world.people.map(({ id, username }) =>
      search(`${word} from:${username}`, (one) => has(one) && one.by === id && !hidden(world, viewer, id)),
    ),
    ...world.messages
      .filter(({ change }) => change === null)
      .slice(-4)
      .map(
        (one): Question => ({
          kind: "message_versions",
          text: `the versions of ${messageLabel(stage, one)}`,
          ask: () => rows(client, "message_versions", { message_id: one.id }, (row) => row.content),
          expected: () => {
            if (viewer === null) return "42501";
            const own = memberOf(one.talk, viewer);
            const isRead = own && isShown(own, one) && hasText(world, own, one);
            return isRead ? one.versions.toReversed() : [];
          },
        }),
      ),
  ];
}
