/**
 * A ban and a block of people who share many conversations, for the scenario chat: how long they take,
 * and how long a person who writes in these conversations waits meanwhile.
 */
import { setTimeout } from "node:timers/promises";
import { actAs, groups, line, send } from "./chat-town.ts";
import { on, type Town } from "./notification-town.ts";

const shared = 500;
const [owner, banned, blocked, blocker] = [8_001, 8_002, 8_003, 8_004];

export async function bans(town: Town): Promise<string> {
  const ids = await groups(town, owner, Array(shared).fill([banned, blocked, blocker]));
  const sql = await actAs(town, blocker);
  const rows = [
    await beside(town, ids, "a ban", () =>
      on(
        town.adminUrl,
        (admin) => admin`update auth.users set banned_until = 'infinity' where id = ${town.idOf(banned)}`,
      ),
    ),
    await beside(
      town,
      ids,
      "a block",
      () => sql`insert into public.blocks (blocked_id) values (${town.idOf(blocked)})`,
    ),
  ];
  await sql.end();
  const startMs = performance.now();
  const runs = await on(town.adminUrl, async (admin) => {
    for (let runs = 0; ; runs++) {
      const waiting = await admin`select from private.conversation_moves limit 1`;
      if (waiting.length === 0) return runs;
      await admin.unsafe("call private.deliver_chat()");
    }
  });
  const jobMs = performance.now() - startMs;
  return [
    "## Bans and blocks",
    `In ${shared} shared groups of 4, once each. Meanwhile the owner writes in them, one message after the other.`,
    "",
    "| | ms | the longest message, ms |",
    "|---|---|---|",
    ...rows,
    "",
    `Then the job tells all members of both in ${runs} runs, which take ${(jobMs / 1000).toFixed(1)} s. pg_cron starts one each second.`,
  ].join("\n");
}

/** @returns a row with the time of an action, and of the slowest message beside it */
async function beside(town: Town, ids: string[], name: string, act: () => Promise<unknown>): Promise<string> {
  const writer = await actAs(town, owner);
  let longestMs = 0;
  let over = false;
  const writing = (async () => {
    for (let n = 0; !over; n++) {
      const startMs = performance.now();
      await send(writer, ids[(n * 7) % ids.length] as string);
      longestMs = Math.max(longestMs, performance.now() - startMs);
    }
  })();
  await setTimeout(500);
  const startMs = performance.now();
  await act();
  const ms = performance.now() - startMs;
  await setTimeout(500);
  over = true;
  await writing;
  await writer.end();
  return line(name, ms.toFixed(0), longestMs.toFixed(0));
}
