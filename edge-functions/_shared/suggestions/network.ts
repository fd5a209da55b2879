/**
 * Reads everybody and all follows from Postgres into typed arrays. A long-lived worker does it for a pass
 * (everybody.ts). While it reads, it needs up to 30 bytes for a follow and 100 for a person. Afterwards 12 and 350, and each
 * thread that computes 36 for a person.
 */
import type { Buffer } from "node:buffer";
import type { TransactionSql } from "postgres";
import { createAlongsideLists } from "./alongside.ts";
import { copiedRows } from "./copied-rows.ts";
import { buildGraph, type Graph, withLeaders } from "./graph.ts";
import { quick } from "./limits.ts";
import { comesBy, type ListInput, leads } from "./lists.ts";
import { mutualShare } from "./model.ts";
import { createPeopleIndex, idBytes, type PeopleIndex, viewOf } from "./people-index.ts";

export interface Network {
  /** Everything that the threads need, in memory that they share. */
  input: ListInput;
  /** The people who are due and not away. Those who were here last come first. */
  due: Int32Array;
  /** The people who are due and away. */
  away: Int32Array;
  people: PeopleIndex;
}

/** With more follows, a pass is refused: 3.2 GB while reading. The jobs for one person need no such memory. */
export const followsMost = 100_000_000;

interface PersonRow {
  id: Uint8Array;
  may_be_shown: boolean;
  is_open: boolean;
  trust: number;
  fingerprint: string;
  is_due: boolean;
  is_away: boolean;
  /** Seconds since 1970. */
  here_at: number;
}

/** Hosted Supabase ends a statement after two minutes. */
const readingMaxMs = 600_000;

/**
 * @param sql a transaction with one snapshot
 * @param beganAt people who are due then get lists
 * @throws RangeError if there are too many follows
 */
export async function readNetwork(sql: TransactionSql, beganAt: Date): Promise<Network> {
  await sql`select set_config('statement_timeout', ${String(readingMaxMs)}, true)`;
  const [size] = await sql<{ people: number; follows: number }[]>`
    select count(*)::float8 as people, coalesce(sum(following), 0)::float8 as follows from private.follow_counts
  `;
  const { people: amount, follows } = size as { people: number; follows: number };
  if (follows > followsMost)
    throw new RangeError(`${follows} follows are too many for a pass over everybody`);

  // A few people may be new since the count.
  const room = Math.ceil(amount * 1.01) + 1000;
  const people = createPeopleIndex(room);
  const trust = new Float32Array(room);
  const mayCome = new Uint8Array(room);
  const mayLead = new Uint8Array(room);
  const fingerprints = new BigInt64Array(room);
  const due: { person: number; hereAt: number }[] = [];
  const away: number[] = [];
  const rows = sql<PersonRow[]>`
    select
      uuid_send(profiles.id) as id,
      profiles.is_discoverable
        and users.confirmed_at is not null
        and users.deleted_at is null
        and (users.banned_until is null or users.banned_until <= now())
        and (
          profiles.created_at > now() - interval '30 days'
          or (select true from private.activity(profiles.id, private.first_id(now() - interval '30 days'))) is true
        ) as may_be_shown,
      not profiles.is_private as is_open,
      coalesce(trust.weight, 0) as trust,
      case when suggestion_lists.viewer_id is null then 0 else coalesce(turn.fingerprint, 0) end as fingerprint,
      turn.due_at <= ${beganAt} and turn.changed_at is null as is_due,
      -- For most people, their session answers it.
      case
        when turn.due_at > ${beganAt} or session.here_at > now() - interval '29 days' then false
        else private.is_away(profiles.id)
      end as is_away,
      coalesce(extract(epoch from session.here_at), 0)::float8 as here_at
    from public.profiles
    join private.suggestion_turns as turn on turn.profile_id = profiles.id
    join auth.users on users.id = profiles.id
    left join private.suggestion_lists on suggestion_lists.viewer_id = profiles.id
    left join private.trust on trust.profile_id = profiles.id
    left join (
      select sessions.user_id, max(greatest(sessions.updated_at, sessions.refreshed_at at time zone 'UTC')) as here_at
      from auth.sessions
      group by sessions.user_id
    ) as session on session.user_id = profiles.id
    order by profiles.id
  `.cursor(2000);
  for await (const batch of rows) {
    for (const row of batch) {
      if (people.size === room) break;
      const person = people.add(viewOf(row.id), 0);
      trust[person] = row.trust;
      const standing = { mayBeShown: row.may_be_shown, isOpen: row.is_open, trust: row.trust };
      mayCome[person] = comesBy(standing);
      mayLead[person] = leads(standing);
      fingerprints[person] = BigInt(row.fingerprint);
      if (row.is_due && row.is_away) away.push(person);
      else if (row.is_due) due.push({ person, hereAt: row.here_at });
    }
  }
  const graph = sharedGraph(withLeaders(await readFollows(sql, people, follows), mayLead));
  due.sort((one, other) => other.hereAt - one.hereAt);
  return {
    input: {
      ids: shared(people.ids()),
      graph,
      mutualShare: mutualShare(graph),
      alongside: createAlongsideLists(graph.people, quick, true),
      trust: shared(trust),
      mayCome: shared(mayCome),
      mayLead: shared(mayLead),
      fingerprints: shared(fingerprints),
    },
    due: Int32Array.from(due, ({ person }) => person),
    away: Int32Array.from(away),
    people,
  };
}

/** Postgres packs the followees of a person into one value. A row for each follow would take many times longer. */
async function readFollows(sql: TransactionSql, people: PeopleIndex, expected: number): Promise<Graph> {
  let from = new Int32Array(Math.ceil(expected * 1.01) + 1000);
  let to = new Int32Array(from.length);
  let size = 0;
  const copied = await sql`
    copy (
      select ordered.follower_id, string_agg(uuid_send(ordered.followee_id), '')
      from (
        select follows.follower_id, follows.followee_id
        from public.follows
        order by follows.follower_id, follows.followee_id
      ) as ordered
      group by ordered.follower_id
    ) to stdout (format binary)
  `.readable();
  for await (const [follower, followees] of copiedRows(copied) as AsyncIterable<[Buffer, Buffer]>) {
    const person = people.find(viewOf(follower), 0);
    if (person < 0) continue;
    const view = viewOf(followees);
    if (size + followees.length / idBytes > from.length) {
      from = larger(from);
      to = larger(to);
    }
    for (let offset = 0; offset < followees.length; offset += idBytes) {
      const followee = people.find(view, offset);
      if (followee < 0) continue;
      from[size] = person;
      to[size++] = followee;
    }
  }
  return buildGraph(people.size, from.subarray(0, size), to.subarray(0, size));
}

/** @returns a copy in memory that threads share */
function shared<Numbers extends Int32Array | Float32Array | Uint8Array | BigInt64Array>(
  numbers: Numbers,
): Numbers {
  const memory = new SharedArrayBuffer(numbers.byteLength);
  new Uint8Array(memory).set(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
  return new (numbers.constructor as new (memory: SharedArrayBuffer) => Numbers)(memory);
}

function sharedGraph(graph: Graph): Graph {
  return {
    people: graph.people,
    outStarts: shared(graph.outStarts),
    out: shared(graph.out),
    inStarts: shared(graph.inStarts),
    in: shared(graph.in),
    leaderStarts: shared(graph.leaderStarts ?? graph.inStarts),
    leaders: shared(graph.leaders ?? graph.in),
  };
}

function larger(numbers: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(numbers.length * 2);
  copy.set(numbers);
  return copy;
}
