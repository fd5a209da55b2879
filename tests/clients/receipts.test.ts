/** Receipts on open screens of clients/sync.ts: they appear and vanish without another request. */
import { randomUUID } from "node:crypto";
import postgres from "postgres";
import { beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { type Person, signUp } from "../people.ts";
import { createDevice, patience } from "./device.ts";

let alice: Person;
let bob: Person;
beforeAll(async () => {
  [alice, bob] = await Promise.all([signUp("alice"), signUp("bob")]);
  await bob.client.from("follows").insert({ followee_id: alice.id }).throwOnError();
});

const group = async (member_ids: string[]): Promise<number> =>
  (await alice.client.rpc("create_group", { name: "Garden", member_ids }).throwOnError()).data;
const say = async (person: Person, conversation_id: number, content: string): Promise<number> =>
  (
    await person.client
      .rpc("send_message", { conversation_id, client_id: crypto.randomUUID(), content })
      .throwOnError()
  ).data.seq;
const read = (person: Person, conversation_id: number, seq: number) =>
  person.client.rpc("mark_conversation_read", { conversation_id, seq }).throwOnError();
const switchTo = (person: Person, shows_receipts: boolean) =>
  person.client.rpc("set_chat_settings", { shows_receipts }).throwOnError();

/** The screen of a person who has a conversation open: how far the others read. Null: they do not show it. */
async function screenOf(person: Person, id: number) {
  const receipts = new Map<string, number | null>();
  const device = await createDevice(person, {
    apply(change) {
      if (change.stream !== `conversation:${id}`) return;
      if (change.type === "replace") {
        receipts.clear();
        const listed = change.snapshot.receipts as { profile: { id: string }; read_seq: number }[];
        for (const { profile, read_seq } of listed) receipts.set(profile.id, read_seq);
      } else if (change.type === "event" && change.kind === "pointer") {
        const { profile_id, read_seq } = change.payload as { profile_id: string; read_seq: number | null };
        if (profile_id !== person.id) receipts.set(profile_id, read_seq);
      }
    },
  });
  device.sync.open(id);
  await device.live();
  return receipts;
}

test("bob switches receipts off and on: alice's open screen and his own follow", async () => {
  const id = await group([bob.id]);
  const [hers, his] = [await screenOf(alice, id), await screenOf(bob, id)];
  const question = await say(alice, id, "seen?");
  await read(bob, id, question);
  const answer = await say(bob, id, "yes");
  await read(alice, id, answer);
  await vi.waitFor(() => expect([hers.get(bob.id), his.get(alice.id)]).toEqual([question, answer]), patience);

  await switchTo(bob, false);
  await vi.waitFor(() => expect([hers.get(bob.id), his.size]).toEqual([null, 0]), patience);
  await switchTo(bob, true);
  // A person who writes has read all before.
  await vi.waitFor(() => expect([hers.get(bob.id), his.get(alice.id)]).toEqual([answer, answer]), patience);
});

describe.skipIf(!process.env.PLAZA_DB_URL)("a large group", () => {
  test("receipts vanish from open screens with the 51st member, and come back without them", async () => {
    const crowd = await strangers(49);
    const id = await group([bob.id, ...crowd.slice(0, 48)]);
    const seq = await say(alice, id, "seen?");
    await read(bob, id, seq);
    const hers = await screenOf(alice, id);
    await vi.waitFor(() => expect(hers.get(bob.id)).toBe(seq), patience);
    const last = crowd[48] as string;
    await alice.client.rpc("add_members", { conversation_id: id, member_ids: [last] }).throwOnError();
    await vi.waitFor(() => expect(hers.size).toBe(0), patience);
    await alice.client.rpc("remove_member", { conversation_id: id, profile_id: last }).throwOnError();
    await vi.waitFor(() => expect(hers.get(bob.id)).toBe(seq), patience);
  });
});

/** Accounts that nobody signs in to. @returns their ids */
async function strangers(count: number): Promise<string[]> {
  const sql = postgres(process.env.PLAZA_DB_URL as string, { max: 1, onnotice() {} });
  onTestFinished(() => sql.end());
  const ids = Array.from({ length: count }, () => randomUUID());
  await sql`
    insert into auth.users (
      id, instance_id, aud, role, email, email_confirmed_at, raw_app_meta_data, raw_user_meta_data
    )
    select
      id::uuid, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated', id || '@example.com', now(),
      '{}', jsonb_build_object('username', 'x' || substr(replace(id, '-', ''), 1, 20))
    from unnest(${ids}::text[]) as person (id)`;
  return ids;
}
