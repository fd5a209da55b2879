/**
 * The people who hear and speak on the topics of Realtime. Realtime asks the policies of
 * realtime.messages in the same way. expectations.ts says how to read a grid.
 *
 *   a anonymous  s stranger  f follower   r requested  b blocked   B blocker
 *   m muted      M muter     @ mentioned  o owner      S service_role
 */
import { check, parse } from "./grid.ts";
import type { World } from "./relations.ts";

/** Each topic, as SQL. */
const topics: Record<string, string> = {
  owners: "'user:' || {owner}::text",
  another: "'room:' || {owner}::text",
};

const grid = `
                       asfrbBmM@oS    asfrbBmM@oS
      hears  owners    .........++    .........++
      hears  another   ..........+    ..........+
      speaks owners    xxxxxxxxxx+    xxxxxxxxxx+
      speaks another   xxxxxxxxxx+    xxxxxxxxxx+`;

/** Asks each topic. There must be a message to hear. */
export async function checkTopics(world: World): Promise<string[]> {
  const requests = parse(grid).map((line) => {
    const [does, topic] = line.asked as [string, string];
    const name = topics[topic];
    const asks =
      does === "hears"
        ? `select from realtime.messages where topic = 'user:' || {owner}::text limit 1`
        : `insert into realtime.messages (topic, extension, event, payload, private)
           values (${name}, 'broadcast', 'event', '{}', true)`;
    return { ...line, statement: `select set_config('realtime.topic', ${name}, true); ${asks}` };
  });
  return check(world, "topic", requests);
}
