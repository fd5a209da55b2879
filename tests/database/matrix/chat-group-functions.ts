/**
 * The answers of the functions about conversations and groups. expectations.ts says how to read a
 * grid. The columns are the relations to the group, then those to a direct conversation
 * (chat-relations.ts):
 *
 *   a anonymous  s stranger  u unconfirmed  d deleted account  k banned member  l left  r removed
 *   j asks to join  i invited  m member  A admin  o owner  b blocked  B blocker  S service_role
 */
import type { FunctionExpectations } from "./expectations.ts";

/** What these answers mean in the grids of chat. */
export const chatLetters = {
  c: "conversation_not_found",
  M: "message_not_found",
  Q: "account_not_found",
  K: "account_locked",
  R: "role_too_low",
  G: "not_a_group",
  Z: "conversation_frozen",
  Y: "not_your_message",
  E: "member_not_found",
  I: "invite_not_found",
  O: "owner_leaves",
  H: "already_accepted",
  w: "joined",
  q: "requested",
};

const letters = chatLetters;

export const chatGroupFunctions: Record<string, FunctionExpectations> = {
  "chat_settings()": {
    calls: { mine: "select from chat_settings()" },
    letters,
    grid: `
                  asudklrjimAobBS    asudklrjimAobBS
      mine        x+++K+++++++++x    -`,
  },

  "set_chat_settings(who_may,who_may,boolean,boolean)": {
    calls: { mine: "select set_chat_settings(who_writes => 'nobody')" },
    letters,
    grid: `
                  asudklrjimAobBS    asudklrjimAobBS
      mine        x+QQK+++++++++x    -`,
  },

  "direct_conversation(uuid)": {
    calls: {
      owner: "select direct_conversation({owner}) > 0 as answer",
      unconfirmed: "select direct_conversation({ursula})",
      deleted: "select direct_conversation({dan})",
    },
    letters,
    grid: `
                  asudklrjimAobBS    asudklrjimAobBS
      owner       xyQQKyyyyyyyPPx    -
      unconfirmed xPQQKPPPPPPPPPx    -
      deleted     xPQQKPPPPPPPPPx    -`,
  },

  "create_group(text,uuid[])": {
    calls: {
      alone: "select create_group('Stones') > 0 as answer",
      with_owner: "select create_group('Stones', array[{owner}]) > 0 as answer",
      with_unconfirmed: "select create_group('Stones', array[{ursula}])",
    },
    letters,
    grid: `
                       asudklrjimAobBS    asudklrjimAobBS
      alone            xyQQKyyyyyyyyyx    -
      with_owner       xyQQKyyyyyyyPPx    -
      with_unconfirmed xPQQKPPPPPPPPPx    -`,
  },

  "conversations(bigint,integer,conversation_folder)": {
    calls: {
      inbox: "select from conversations(null, 100) where id = {conversation}",
      requests: "select from conversations(null, 100, 'requests') where id = {conversation}",
    },
    letters,
    grid: `
                  asudklrjimAobBS    asudklrjimAobBS
      inbox       x...K....+++++x    x...K....+.+++x
      requests    x...K...+.....x    x...K...+.....x`,
  },

  "conversation(bigint)": {
    calls: {
      row: "select from conversation({conversation})",
      topic: "select topic is not null as answer from conversation({conversation})",
      frozen: "select is_frozen as answer from conversation({conversation})",
      // A group shows only some of its members here.
      owner: "select from conversation({conversation}), unnest(members) as member where member.id = {owner}",
    },
    letters,
    grid: `
                  asudklrjimAobBS    asudklrjimAobBS
      row         xcccKccc++++++x    xcccKccc++c+++x
      topic       xcccKcccnyynynx    xcccKcccnycynnx
      frozen      xcccKcccnnnnnnx    xcccKcccnncnyyx
      owner       -                  xcccKccc++c...x`,
  },

  "conversation_members(bigint)": {
    calls: {
      owner: "select from conversation_members({conversation}) where (profile).id = {owner}",
      me: "select from conversation_members({conversation}) where (profile).id = {me}",
    },
    letters,
    grid: `
                  asudklrjimAobBS    asudklrjimAobBS
      owner       xcccKccc++++..x    xcccKccc++c+..x
      me          xcccKccc++++++x    xcccKccc++c+++x`,
  },

  "set_conversation(bigint,timestamp with time zone,boolean,boolean,boolean,boolean,text)": {
    calls: { draft: "select set_conversation({conversation}, draft => 'Not yet')" },
    letters,
    grid: `
                  asudklrjimAobBS    asudklrjimAobBS
      draft       xcQQKccc++++++x    xcQQKccc++c+++x`,
  },

  "accept_conversation(bigint)": {
    calls: { it: "select accept_conversation({conversation})" },
    letters,
    grid: `
                  asudklrjimAobBS    asudklrjimAobBS
      it          xcQQKccc++++++x    xcQQKccc++c+++x`,
  },

  "decline_conversation(bigint)": {
    calls: { it: "select decline_conversation({conversation})" },
    letters,
    grid: `
                  asudklrjimAobBS    asudklrjimAobBS
      it          xcQQKccc+HHHHHx    xcQQKccc+HcHHHx`,
  },

  "add_members(bigint,uuid[])": {
    calls: {
      carol: "select add_members({conversation}, array[{carol}])",
      removed: "select add_members({conversation}, array[{rita}])",
      unconfirmed: "select add_members({conversation}, array[{ursula}])",
    },
    letters,
    grid: `
                  asudklrjimAobBS    asudklrjimAobBS
      carol       xcQQKcccRR++RRx    xcQQKcccGGcGGGx
      removed     xcQQKcccRR++RRx    xcQQKcccGGcGGGx
      unconfirmed xcQQKcccRRPPRRx    xcQQKcccGGcGGGx`,
  },

  "remove_member(bigint,uuid)": {
    calls: {
      bob: "select remove_member({conversation}, {bob})",
      admin: "select remove_member({conversation}, {amy})",
      owner: "select remove_member({conversation}, {owner})",
      carol: "select remove_member({conversation}, {carol})",
      blocked: "select remove_member({conversation}, {mallory})", // Olivia does not see her.
    },
    letters,
    grid: `
                  asudklrjimAobBS    asudklrjimAobBS
      bob         xcQQKcccRR++RRx    xcQQKcccGGcGGGx
      admin       xcQQKcccRRR+RRx    xcQQKcccGGcGGGx
      owner       xcQQKcccRRRRRRx    xcQQKcccGGcGGGx
      carol       xcQQKcccRREERRx    xcQQKcccGGcGGGx
      blocked     xcQQKcccRR+ERRx    -`,
  },

  "leave_conversation(bigint)": {
    calls: { it: "select leave_conversation({conversation})" },
    letters,
    grid: `
                  asudklrjimAobBS    asudklrjimAobBS
      it          xcQQKccc+++O++x    xcQQKcccGGcGGGx`,
  },

  "set_member_role(bigint,uuid,conversation_role)": {
    calls: {
      bob: "select set_member_role({conversation}, {bob}, 'admin')",
      invited: "select set_member_role({conversation}, {ivy}, 'admin')",
      self: "select set_member_role({conversation}, {me}, 'owner')",
    },
    letters,
    grid: `
                  asudklrjimAobBS    asudklrjimAobBS
      bob         xcQQKcccRRR+RRx    xcQQKcccGGcGGGx
      invited     xcQQKcccRRRERRx    xcQQKcccGGcGGGx
      self        xcQQKcccRRRORRx    xcQQKcccGGcGGGx`,
  },

  "transfer_group(bigint,uuid)": {
    calls: { bob: "select transfer_group({conversation}, {bob})" },
    letters,
    grid: `
                  asudklrjimAobBS    asudklrjimAobBS
      bob         xcQQKcccRRR+RRx    xcQQKcccGGcGGGx`,
  },

  "update_group(bigint,text,text,text,shown_history,boolean,boolean)": {
    calls: {
      name: "select update_group({conversation}, name => 'Rocks')",
      lock: "select update_group({conversation}, is_locked => true)",
      keeps: "select update_group({conversation}, keeps_deleted => true)",
    },
    letters,
    grid: `
                  asudklrjimAobBS    asudklrjimAobBS
      name        xcQQKcccRR++RRx    xcQQKcccGGcGGGx
      lock        xcQQKcccRR++RRx    xcQQKcccGGcGGGx
      keeps       xcQQKcccRRR+RRx    xcQQKcccGGcGGGx`,
  },

  "expire_messages(bigint,integer)": {
    calls: { soon: "select expire_messages({conversation}, 60)" },
    letters,
    grid: `
                  asudklrjimAobBS    asudklrjimAobBS
      soon        xcQQKcccRR++RRx    xcQQKccc++c+ZZx`,
  },

  "create_invite(bigint,timestamp with time zone,integer,boolean)": {
    calls: { new: "select from create_invite({conversation})" },
    letters,
    grid: `
                  asudklrjimAobBS    asudklrjimAobBS
      new         xcQQKcccRR++RRx    xcQQKcccGGcGGGx`,
  },

  "invites(bigint)": {
    calls: { code: "select from invites({conversation}) where code = {code}" },
    letters,
    grid: `
                  asudklrjimAobBS    asudklrjimAobBS
      code        xcccKcccRR++RRx    xcccKcccRRcRRRx`,
  },

  "delete_invite(bigint,text)": {
    calls: { code: "select delete_invite({conversation}, {code}) as answer" },
    letters,
    grid: `
                  asudklrjimAobBS    asudklrjimAobBS
      code        xcQQKcccRRyyRRx    xcQQKcccRRcRRRx`,
  },

  "invite(text)": {
    calls: { open: "select from invite({open})", none: "select from invite('none')" },
    letters,
    grid: `
                  asudklrjimAobBS    asudklrjimAobBS
      open        x+++K+I+++++IIx    -
      none        xIIIKIIIIIIIIIx    -`,
  },

  "join_by_invite(text)": {
    calls: {
      open: "select join_by_invite({open}) as answer",
      approved: "select join_by_invite({code}) as answer",
      none: "select join_by_invite('none') as answer",
    },
    letters,
    grid: `
                  asudklrjimAobBS    asudklrjimAobBS
      open        xwQQKwIwwwwwIIx    -
      approved    xqQQKqIqwwwwIIx    -
      none        xIQQKIIIIIIIIIx    -`,
  },

  "join_requests(bigint)": {
    calls: { jane: "select from join_requests({conversation}) where id = {jane}" },
    letters,
    grid: `
                  asudklrjimAobBS    asudklrjimAobBS
      jane        xcccKcccRR++RRx    xcccKcccRRcRRRx`,
  },

  "answer_join_request(bigint,uuid,boolean)": {
    calls: {
      accepts: "select answer_join_request({conversation}, {jane}, true) as answer",
      refuses: "select answer_join_request({conversation}, {jane}, false) as answer",
      nobody: "select answer_join_request({conversation}, {carol}, true) as answer",
    },
    letters,
    grid: `
                  asudklrjimAobBS    asudklrjimAobBS
      accepts     xcQQKcccRRyyRRx    xcQQKcccRRcRRRx
      refuses     xcQQKcccRRyyRRx    xcQQKcccRRcRRRx
      nobody      xcQQKcccRRnnRRx    xcQQKcccRRcRRRx`,
  },
};
