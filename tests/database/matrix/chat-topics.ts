/**
 * The people who hear and speak on the topics of conversations. Realtime asks the policies of
 * realtime.messages in the same way. expectations.ts says how to read a grid, and
 * chat-relations.ts has the columns:
 *
 *   a anonymous  s stranger  u unconfirmed  d deleted account  k banned member  l left  r removed
 *   j asks to join  i invited  m member  A admin  o owner  b blocked  B blocker  S service_role
 */
import type { ChatWorld } from "./chat-relations.ts";
import { check, parse } from "./grid.ts";

/** Each topic, as SQL. */
const topics: Record<string, string> = {
  now: "{topic}",
  old: "{old_topic}",
  typing: "{topic} || ':typing'",
};

// A person who blocks a member of the group hears nothing on its topic. The blocked person stays.
const grid = `
                            asudklrjimAobBS    asudklrjimAobBS
      hears     now         .........++.+.+    .........+.+..+
      hears     old         ..............+    ..............+
      hears     typing      .........++.+.+    .........+.+..+
      broadcast now         xxxxxxxxxxxxxx+    xxxxxxxxxxxxxx+
      broadcast old         xxxxxxxxxxxxxx+    xxxxxxxxxxxxxx+
      broadcast typing      xxxxxxxxx++x+x+    xxxxxxxxx+x+xx+
      presence  now         xxxxxxxxx++x+x+    xxxxxxxxx+x+xx+
      presence  old         xxxxxxxxxxxxxx+    xxxxxxxxxxxxxx+
      presence  typing      xxxxxxxxxxxxxx+    xxxxxxxxxxxxxx+`;

/** Asks each topic. There is a message to hear on each. */
export async function checkChatTopics(world: ChatWorld): Promise<string[]> {
  const requests = parse(grid, {}, world.cast).map((line) => {
    const [does, topic] = line.asked as [string, string];
    const name = topics[topic];
    const asks =
      does === "hears"
        ? `select from realtime.messages where topic = ${name} limit 1`
        : `insert into realtime.messages (topic, extension, event, payload, private)
           values (${name}, '${does}', 'event', '{}', true)`;
    return { ...line, statement: `select set_config('realtime.topic', ${name}, true); ${asks}` };
  });
  return check(world, "topic", requests);
}
