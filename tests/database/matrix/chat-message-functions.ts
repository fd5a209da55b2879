/**
 * The answers of the functions about messages. expectations.ts says how to read a grid. The
 * columns are the relations to the group, then those to a direct conversation (chat-relations.ts):
 *
 *   a anonymous  s stranger  u unconfirmed  d deleted account  k banned member  l left  r removed
 *   j asks to join  i invited  m member  A admin  o owner  b blocked  B blocker  S service_role
 */
import { chatLetters as letters } from "./chat-group-functions.ts";
import type { FunctionExpectations } from "./expectations.ts";

const stream = "'conversation:' || {conversation}::text";
const synced = `sync(jsonb_build_object(${stream}, 0)) where stream = ${stream}`;
const pointers = (name: string): FunctionExpectations => ({
  calls: { first: `select from ${name}({conversation}, 1)` },
  letters,
  grid: `
                  asudklrjimAobBS    asudklrjimAobBS
      first       xcQQKccc++++++x    xcQQKccc++c+++x`,
});
const reactions = (name: string): FunctionExpectations => ({
  calls: {
    owners: `select ${name}({message}, '👍')`,
    gone: `select ${name}({gone}, '👍')`,
  },
  letters,
  grid: `
                  asudklrjimAobBS    asudklrjimAobBS
      owners      xMMMKMMM++++MMx    xMMMKMMM++M+MMx
      gone        xMMMKMMMMMMMMMx    xMMMKMMMMMMMMMx`,
});

export const chatMessageFunctions: Record<string, FunctionExpectations> = {
  "send_message(bigint,text,text,bigint,bigint)": {
    calls: {
      text: "select from send_message({conversation}, 'new', 'Hello')",
      reply: "select from send_message({conversation}, 'new', 'Hello', {message})",
      reply_to_gone: "select from send_message({conversation}, 'new', 'Hello', {gone})",
      reply_elsewhere: "select from send_message({conversation}, 'new', 'Hello', {elsewhere})",
      // A post that only carol sees.
      post: "select from send_message({conversation}, 'new', '', null, {post})",
    },
    letters,
    grid: `
                      asudklrjimAobBS    asudklrjimAobBS
      text            xcQQKccc++++++x    xcQQKccc++c+ZZx
      reply           xcQQKccc++++MMx    xcQQKccc++c+ZZx
      reply_to_gone   xcQQKcccMMMMMMx    xcQQKcccMMcMZZx
      reply_elsewhere xcQQKcccMMMMMMx    xcQQKcccMMcMZZx
      post            xcQQKcccNNNNNNx    xcQQKcccNNcNZZx`,
  },

  "messages(bigint,bigint,bigint,bigint,integer)": {
    calls: {
      owners: "select from messages({conversation}) where content = 'pebble'",
      // A message of somebody hidden looks like one of a deleted account.
      nameless: "select from messages({conversation}) where id = {message} and sender is null and is_deleted",
      gone: "select from messages({conversation}) where id = {gone} and content = '' and is_deleted",
      after: "select from messages({conversation}, after => 0) where content = 'pebble'",
      deleted_account: `
        select from messages({conversation})
        where id = {dan_in_group} and content = '' and sender is null and is_deleted`,
    },
    letters,
    grid: `
                      asudklrjimAobBS    asudklrjimAobBS
      owners          xcccKccc++++..x    xcccKccc++c+..x
      nameless        xcccKccc....++x    xcccKccc..c.++x
      gone            xcccKccc++++++x    xcccKccc++c+++x
      after           xcccKccc++++..x    xcccKccc++c+..x
      deleted_account xcccKccc++++++x    -`,
  },

  "message(bigint)": {
    calls: {
      owners: "select from message({message}) where content = 'pebble'",
      nameless: "select from message({message}) where sender is null and is_deleted",
      gone: "select from message({gone}) where content = '' and is_deleted",
    },
    letters,
    grid: `
                      asudklrjimAobBS    asudklrjimAobBS
      owners          x...K...++++..x    x...K...++.+..x
      nameless        x...K.......++x    x...K.......++x
      gone            x...K...++++++x    x...K...++.+++x`,
  },

  "message_seq_at(bigint,timestamp with time zone)": {
    calls: { past: "select message_seq_at({conversation}, '2000-01-01Z') > 0 as answer" },
    letters,
    grid: `
                      asudklrjimAobBS    asudklrjimAobBS
      past            xcccKcccyyyyyyx    xcccKcccyycyyyx`,
  },

  "message_versions(bigint)": {
    calls: {
      owners: "select from message_versions({message}) where content = 'first'",
      gone: "select from message_versions({gone})",
    },
    letters,
    grid: `
                      asudklrjimAobBS    asudklrjimAobBS
      owners          x...K...++++..x    x...K...++.+..x
      gone            x...K.........x    x...K.........x`,
  },

  "search_messages(text,bigint,integer,bigint)": {
    calls: {
      owners: "select from search_messages('pebble', page_size => 100) where id = {message}",
      here: "select from search_messages('pebble', conversation_id => {conversation}) where id = {message}",
      gone: "select from search_messages('gone')",
    },
    letters,
    grid: `
                      asudklrjimAobBS    asudklrjimAobBS
      owners          x...K...++++..x    x...K...++.+..x
      here            xcccKccc++++..x    xcccKccc++c+..x
      gone            x...K.........x    x...K.........x`,
  },

  "edit_message(bigint,text)": {
    calls: {
      owners: "select from edit_message({message}, 'stone')",
      own: "select from edit_message({own}, 'stone')",
      gone: "select from edit_message({gone}, 'stone')",
    },
    letters,
    grid: `
                      asudklrjimAobBS    asudklrjimAobBS
      owners          xMMMKMMMYYY+MMx    xMMMKMMMYYM+MMx
      own             xMMMKMMMY+++++x    xMMMKMMMM+M+ZZx
      gone            xMMMKMMMMMMMMMx    xMMMKMMMMMMMMMx`,
  },

  "delete_message(bigint,boolean)": {
    calls: {
      for_me: "select delete_message({message})",
      for_all: "select delete_message({message}, true)",
      own: "select delete_message({own}, true)",
      // An admin deletes what members say in the group.
      bobs: "select delete_message({bobs}, true)",
    },
    letters,
    grid: `
                      asudklrjimAobBS    asudklrjimAobBS
      for_me          xMMMKMMM++++++x    xMMMKMMM++M+++x
      for_all         xMMMKMMMYYY+MMx    xMMMKMMMYYM+MMx
      own             xMMMKMMMY+++++x    xMMMKMMMM+M+++x
      bobs            xMMMKMMMY+++YYx    xMMMKMMMM+MYMMx`,
  },

  "react(bigint,text)": reactions("react"),
  "unreact(bigint,text)": reactions("unreact"),
  "mark_conversation_read(bigint,bigint)": pointers("mark_conversation_read"),
  "mark_conversation_delivered(bigint,bigint)": pointers("mark_conversation_delivered"),

  "mark_conversation_unread(bigint)": {
    calls: { it: "select from mark_conversation_unread({conversation})" },
    letters,
    grid: `
                      asudklrjimAobBS    asudklrjimAobBS
      it              xcQQKccc++++++x    xcQQKccc++c+++x`,
  },

  "receipts(bigint)": {
    calls: {
      bob: "select from receipts({conversation}) where (profile).id = {bob}",
      owner: "select from receipts({conversation}) where (profile).id = {owner}",
      invited: "select from receipts({conversation}) where (profile).id = {ivy}",
    },
    letters,
    grid: `
                      asudklrjimAobBS    asudklrjimAobBS
      bob             xcccKccc..++++x    xcccKccc..c+..x
      owner           xcccKccc.++...x    xcccKccc.+c...x
      invited         xcccKccc......x    xcccKccc..c...x`,
  },
};

/** Functions that are not only about chat: what they answer about conversations. */
export const sharedFunctions: Record<string, FunctionExpectations> = {
  "sync(jsonb,integer)": {
    calls: {
      row: `select from ${synced}`,
      text: `select from ${synced} and (events::text ~ 'pebble' or snapshot::text ~ 'pebble')`,
      gone: `select from ${synced} and (events::text ~ 'gone' or snapshot::text ~ 'gone')`,
    },
    letters,
    grid: `
                      asudklrjimAobBS    asudklrjimAobBS
      row             x.QQ....++++++x    x.QQ....++.+++x
      text            x.QQ....++++..x    x.QQ....++.+..x
      gone            x.QQ..........x    x.QQ..........x`,
  },
};
