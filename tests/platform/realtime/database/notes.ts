/** A published table of notes, and a way to wait until its changes have been delivered. */
import { afterAll, afterEach, beforeAll } from "vitest";
import { type Follower, follow, service, type TestSide } from "./side.ts";

export interface Notes {
  /** A subscriber with the service role, which hears of all tables. */
  everything: Follower;
  /** Connects as postgres. */
  sql(text: string): Promise<Record<string, unknown>[]>;
  /** Makes public.notes, which signed-in people may read, until the end of the test. */
  create(columns: string, more?: string): Promise<void>;
  /** Resolves when all earlier changes have been delivered. */
  settled(): Promise<void>;
}

/** Only the author of a row may see it. */
export const own = `
  alter table public.notes enable row level security;
  create policy "authors read their notes" on public.notes
    for select to authenticated using (author = (select auth.uid()));
`;

/** Filled before the first test of the file. */
export function useNotes(server: TestSide): Notes {
  let marks = 0;
  const notes: Notes = {
    everything: {} as Follower,
    sql: async (text) => server.owner.unsafe(text),
    async create(columns, more = "") {
      await notes.sql(`
        create table public.notes (${columns});
        grant select on public.notes to authenticated, service_role;
        alter publication supabase_realtime add table public.notes;
        ${more}
      `);
    },
    async settled() {
      const id = ++marks;
      await server.owner`insert into public.marks values (${id})`;
      await notes.everything.until(({ table, record }) => table === "marks" && record?.id === id);
    },
  };
  beforeAll(async () => {
    await notes.sql(`
      create table public.marks (id integer primary key);
      grant select on public.marks to service_role;
      alter publication supabase_realtime add table public.marks;
    `);
    notes.everything = await follow(server, service, { schema: "*" });
  });
  afterAll(() => notes.everything[Symbol.asyncDispose]?.());
  afterEach(() => notes.sql("drop table if exists public.notes"));
  return notes;
}
