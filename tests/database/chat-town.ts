/** A few conversations in which every column of chat's types has a value, and is null where it may be. */
import { direct, group, one, say } from "./chat.ts";
import type { Person } from "./database.ts";

/** What the functions of chat answer: the type, and calls that answer rows. A conversation is found by its last text. */
export const chatCalls: [type: string, call: string][] = [
  ["chat_settings", "chat_settings()"],
  ["conversation", "conversations()"],
  ["conversation", "conversations(folder => 'requests')"],
  ["message", "search_messages('chatty')"],
  ...["conversation_members", "messages", "receipts"].map((name): [string, string] => [
    { conversation_members: "conversation_member", messages: "message", receipts: "receipt" }[name] as string,
    `(select listed.* from conversations() as own cross join lateral ${name}(own.id) as listed)`,
  ]),
  [
    "message_version",
    "(select listed.* from search_messages('chatty') as found cross join lateral message_versions(found.id) as listed)",
  ],
  [
    "group_invite",
    "(select listed.* from conversations() as own cross join lateral invites(own.id) as listed where own.role = 'owner')",
  ],
  [
    "invite_preview",
    "(select listed.* from conversations() as own cross join lateral invites(own.id) as made cross join lateral invite(made.code) as listed where own.role = 'owner')",
  ],
];

export async function chatIn([alice, bob, carol, mallory]: [Person, Person, Person, Person], post: number) {
  const talk = await direct(bob, alice);
  const hello = await say(bob, talk, "chatty");
  await say(alice, talk, "chatty @bob", hello.id);
  await one(bob, "edit_message($1, 'chatty still')", hello.id);
  await one(bob, "send_message($1, 'shared', 'chatty card', null, $2)", talk, post);
  await one(bob, "expire_messages($1, 3600)", talk);
  await say(bob, talk, "chatty for an hour");
  await one(bob, "set_conversation($1, 'infinity')", talk);
  const room = await group(alice, "Chatty", [bob, carol]);
  await one(alice, "update_group($1, picture_url => 'https://example.com/g.png')", room);
  await one(alice, "create_invite($1, now() + interval '1 hour', 3)", room);
  const bare = await group(alice, "Bare", []);
  await one(alice, "create_invite($1)", bare);
  const gone = await say(bob, room, "chatty to be deleted");
  await say(alice, room, "chatty answer", gone.id);
  await one(bob, "delete_message($1, true)", gone.id);
  // Somebody who may read nothing of it has a conversation without a message to show.
  const hidden = await say(mallory, await direct(mallory, mallory), "note");
  await one(mallory, "delete_message($1)", hidden.id);
  // Mallory blocked bob: each is nobody for the other.
  const shared = await group(carol, "Shared", [mallory]);
  await one(carol, "add_members($1, $2)", shared, [bob.id]);
  for (const person of [mallory, bob]) await one(person, "accept_conversation($1)", shared);
  const lost = await say(mallory, shared, "chatty for carol");
  await say(bob, shared, "chatty blind", undefined);
  await say(carol, shared, "chatty quoting", lost.id);
}

/** The functions of chat that people who are signed in may call. */
export const chatFunctions = [
  ...[
    "accept_conversation",
    "add_members",
    "answer_join_request",
    "chat_settings",
    "conversation",
    "conversation_members",
    "conversations",
    "create_group",
    "create_invite",
    "decline_conversation",
    "delete_invite",
    "delete_message",
    "direct_conversation",
    "edit_message",
    "expire_messages",
    "invite",
    "invites",
    "join_by_invite",
    "join_requests",
    "leave_conversation",
    "mark_conversation_delivered",
    "mark_conversation_read",
    "mark_conversation_unread",
    "message_seq_at",
    "message_versions",
    "messages",
    "react",
    "receipts",
    "remove_member",
    "search_messages",
    "send_message",
    "set_chat_settings",
    "set_conversation",
    "set_member_role",
    "transfer_group",
    "unreact",
    "update_group",
  ].map((name) => `public.${name}`),
  ...[
    "accept_conversation",
    "add_members",
    "answer_join_request",
    "create_group",
    "create_invite",
    "decline_conversation",
    "delete_invite",
    "delete_message",
    "direct_conversation",
    "edit_message",
    "expire_messages",
    "hears",
    "invite",
    "invites",
    "is_seen_in",
    "join_by_invite",
    "join_requests",
    "leave_conversation",
    "list_conversations",
    "list_members",
    "mark_conversation",
    "mark_conversation_unread",
    "message_versions",
    "messages",
    "my_chat_settings",
    "one_conversation",
    "react",
    "receipts",
    "remove_member",
    "search_messages",
    "send_message",
    "seq_at",
    "set_chat_settings",
    "set_conversation",
    "set_role",
    "sync_conversations",
    "update_group",
  ].map((name) => `private.${name}`),
];
