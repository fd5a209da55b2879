/** The people of a history, their devices, and what they have made so far. */
import { createClient, type Session, type SupabaseClient } from "@supabase/supabase-js";
import { createDevice, type Device } from "./devices.ts";
import { owners, peopleNames } from "./draws.ts";
import { type Account, createTown, password, type Town } from "./town.ts";

export interface Person extends Account {
  name: string;
  /** Signed in, on a device that never fails. */
  client: SupabaseClient;
}

/** A device, and what its person does with its outbox. */
export interface Desk {
  device: Device;
  owner: number;
  /** A post of its person that only this device bookmarks. */
  anchor: number;
  /** Whether the bookmark should be there. Null: never written. */
  isMarked: boolean | null;
  /** The keys of what it sent. */
  sent: string[];
  /** The texts of the posts that it sent, in order. */
  written: string[];
  /** What it said in conversations, in order. The server may have refused some of it. */
  said: { key: string; conversation_id: number; content: string }[];
  /** How many broadcasts the network had dropped when the device last read its list for certain. */
  dropped: number;
  /** Outbox orders in the order in which the person gave them. */
  writing: Promise<unknown>;
}

export interface Tally {
  steps: number;
  quiet: number;
  comparisons: number;
  groups: number;
  /** How much of conversations was compared. */
  chat: Record<"rooms" | "messages" | "receipts" | "listed" | "said", number>;
  faults: Record<string, number>;
  /** The answers to what people did, by status. */
  answers: Record<string, number>;
  outbox: Record<"done" | "refused", number>;
  events: number;
  replaced: number;
  dropped: number;
  lost: number;
  violations: number;
}

export const newTally = (): Tally => ({
  steps: 0,
  quiet: 0,
  comparisons: 0,
  groups: 0,
  chat: { rooms: 0, messages: 0, receipts: 0, listed: 0, said: 0 },
  faults: {},
  answers: {},
  outbox: { done: 0, refused: 0 },
  events: 0,
  replaced: 0,
  dropped: 0,
  lost: 0,
  violations: 0,
});

/** What stays from history to history. */
export interface House extends AsyncDisposable {
  town: Town;
  devices: Device[];
  /** Whether write_post() takes a client_id, so that an outbox may repeat it. */
  writesOnce: boolean;
}

export interface Stage extends House {
  people: Person[];
  desks: Desk[];
  posts: { id: number; author: number }[];
  /** Conversations, and who made them. */
  rooms: { id: number; maker: number }[];
  messages: { id: number; sender: number }[];
  texts: number;
  tally: Tally;
  /** Acts that nobody waited for. */
  running: Set<Promise<unknown>>;
  /** Servers that are being started again. */
  repairs: Set<Promise<unknown>>;
  /** What must never happen: a 500, a device that throws. */
  problems: string[];
}

export async function createHouse(): Promise<House> {
  await using starting = new AsyncDisposableStack();
  const town = starting.use(await createTown());
  const devices = await Promise.all(
    owners.map((_, n) =>
      // Each device asks for pages of another size.
      createDevice(town.url, town.keys.publishableKey, {
        checkEveryMs: 700,
        pageSize: [200, 3, 25][n % 3] as number,
      }),
    ),
  );
  for (const device of devices) starting.use(device);
  const [found] = await town.sql`
    select exists (select from pg_proc where proname = 'write_post' and 'client_id' = any(proargnames)) as once`;
  const running = starting.move();
  return { town, devices, writesOnce: found?.once, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** People who have done nothing yet, each at their devices. */
export async function createStage(house: House, tally: Tally): Promise<Stage> {
  const stage: Stage = {
    ...house,
    people: [],
    desks: [],
    posts: [],
    rooms: [],
    messages: [],
    texts: 0,
    tally,
    running: new Set(),
    repairs: new Set(),
    problems: [],
  };
  await Promise.all(peopleNames.map((_, n) => moveIn(stage, n)));
  await moveTogether(stage);
  return stage;
}

/** A group of all, which is open on every device. */
async function moveTogether({ people, desks, rooms }: Stage): Promise<void> {
  const [maker, ...others] = people as [Person, ...Person[]];
  const member_ids = others.map(({ id }) => id);
  const { data: id } = await maker.client.rpc("create_group", { name: "all", member_ids }).throwOnError();
  for (const { client } of others) {
    await client.rpc("accept_conversation", { conversation_id: id }).throwOnError();
  }
  rooms.push({ id, maker: 0 });
  await Promise.all(desks.map(({ device }) => device.ask("enter", id)));
}

/** Somebody new takes this place and its devices. */
export async function moveIn(stage: Stage, place: number): Promise<void> {
  const { town, devices } = stage;
  const name = peopleNames[place] as string;
  const account = await town.account(name);
  const own = owners.flatMap((owner, n) => (owner === place ? [n] : []));
  const sessions = await Promise.all(own.map(() => signIn(town, account)));
  const token = sessions[0]?.access_token as string;
  const client = createClient(town.url, town.keys.publishableKey, { accessToken: async () => token });
  const anchors = await client
    .from("posts")
    .insert(own.map(() => ({ content: "anchor" })))
    .select("id")
    .throwOnError();
  stage.people[place] = { ...account, name, client };
  await Promise.all(
    own.map(async (n, nth) => {
      const device = devices[n] as Device;
      await device.begin(sessions[nth] as Session);
      stage.desks[n] = {
        device,
        owner: place,
        anchor: anchors.data?.[nth]?.id,
        isMarked: null,
        sent: [],
        written: [],
        said: [],
        dropped: device.network.counts.dropped,
        writing: Promise.resolve(),
      };
    }),
  );
}

async function signIn(town: Town, { email }: Account): Promise<Session> {
  const { auth } = createClient(town.url, town.keys.publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const { data, error } = await auth.signInWithPassword({ email, password });
  if (error) throw error;
  return data.session;
}
