/** The questions about notifications: groups, pages, actors, numbers, and what sync() brings. */
import type { Answers, Question } from "./ask.ts";
import { type Kind, kinds, type Viewer } from "./model.ts";
import { outcome } from "./moves.ts";
import { actorsFrom, actorsOf, learn, pageFrom, readAll, rowOf } from "./notice-answers.ts";
import { sync } from "./notice-sync.ts";
import { as, type Stage } from "./stage.ts";

/** @returns the questions that this viewer can ask about their notifications */
export function notices(stage: Stage, viewer: Viewer, answers: Answers): Question[] {
  if (stage.population.owner === null) return [];
  const { world } = stage;
  const client = as(stage, viewer);
  const shown = () => (viewer === null ? [] : answers.groupsOf(world, viewer));
  const own = <T>(rows: () => T) => (viewer === null ? "42501" : rows());
  const rowsOf = (wanted: Kind[] | null = null) =>
    own(() =>
      shown()
        .filter(({ group }) => wanted === null || wanted.includes(group.kind))
        .map((one) => rowOf(stage, viewer as string, one)),
    );
  const some = kinds.filter((_, n) => n % 2 === world.notices.length % 2);
  const size = 1 + (world.notices.length % 3);
  return [
    {
      kind: "notifications",
      text: "their notifications",
      ask: async () => pageFrom(stage, viewer, await learn(stage, viewer)),
      expected: () => rowsOf(),
    },
    {
      kind: "notifications",
      text: "their notifications, page by page",
      ask: async () => {
        await learn(stage, viewer);
        return pageFrom(stage, viewer, await readAll(client, "notifications", {}, size));
      },
      expected: () => rowsOf(),
    },
    {
      kind: "notifications",
      text: "some kinds of their notifications",
      ask: async () => {
        await learn(stage, viewer);
        return pageFrom(stage, viewer, await readAll(client, "notifications", { kinds: some }, 100));
      },
      expected: () => rowsOf(some),
    },
    {
      kind: "notifications",
      text: "their notifications after one of them",
      ask: async () => {
        await learn(stage, viewer);
        const after = world.notices[middle(shown())?.group.latest ?? -1]?.id ?? 0;
        const { data, error, status } = await client.rpc("notifications", { after, page_size: 100 });
        return error ? outcome({ data, error, status }) : pageFrom(stage, viewer, data);
      },
      expected: () =>
        own(() =>
          shown()
            .slice(0, shown().length >> 1)
            .map((one) => rowOf(stage, viewer as string, one)),
        ),
    },
    ...shown()
      .filter(({ notices }) => notices.length > 1)
      .slice(0, 2)
      .concat(shown().slice(0, 1))
      .map(
        (one): Question => ({
          kind: "notification_actors",
          text: "the people of a group",
          ask: async () => {
            await learn(stage, viewer);
            return actorsFrom(await readAll(client, "notification_actors", { group_id: one.group.id }, size));
          },
          expected: () => actorsOf(stage, one),
        }),
      ),
    {
      kind: "unread",
      text: "how much is unread",
      ask: async () => {
        const { data, error, status } = await client.rpc("unread").maybeSingle();
        if (error) return outcome({ data, error, status });
        const { notifications, requests, cursors } = data as Record<string, object>;
        return { notifications, requests, streams: Object.keys(cursors ?? {}) };
      },
      expected: () =>
        own(() => ({ ...answers.unreadOf(world, viewer as string), streams: [`user:${viewer}`] })),
    },
    sync(stage, viewer, answers),
  ];
}

const middle = <T>(rows: T[]): T | undefined => rows[rows.length >> 1];
