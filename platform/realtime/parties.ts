/**
 * Knows the party that a client counts for, and the party's share of the server's limits. Shares keep
 * one greedy party from using up what all clients share: only the greedy one is refused.
 *
 * A signed-in person is a party, wherever they connect from. Clients without a person
 * (with only an API key, or signed in anonymously) count by their address, and all of them
 * together are a party as well. The service role has no share: it is the project itself.
 */
import { isIPv6 } from "node:net";
import { createRates, type Rates, type RealtimeLimits } from "./limits.ts";
import type { Connection, Context, Parties, Party } from "./state.ts";

/** The most parties that are kept. Beyond this, the oldest one without a socket is forgotten. */
const partiesMax = 10_000;

export function createParties(limits: RealtimeLimits): Parties {
  const parties = new Map<string, Party>();
  const create = (share: number, more: Partial<Party> = {}): Party => ({
    share,
    isPerson: false,
    sockets: 0,
    users: 0,
    rates: createRates(limits),
    copies: { number: 0, paid: 0 },
    ...more,
  });
  const service = create(Number.POSITIVE_INFINITY);
  const anonymous = create(limits.anonymousShare);

  function find(key: string, make: () => Party): Party {
    const known = parties.get(key);
    if (known) return known;
    if (parties.size >= partiesMax) {
      for (const [oldKey, { sockets }] of parties) {
        if (sockets > 0) continue;
        parties.delete(oldKey);
        break;
      }
    }
    const made = make();
    parties.set(key, made);
    return made;
  }

  return {
    of({ role, claims }, address) {
      if (role === "service_role") return service;
      if (typeof claims.sub === "string" && claims.sub !== "" && claims.is_anonymous !== true) {
        return find(`person ${claims.sub}`, () => create(limits.userShare, { isPerson: true }));
      }
      return find(`address ${networkOf(address)}`, () => create(limits.addressShare, { within: anonymous }));
    },
    sweep() {
      for (const [key, { sockets, rates }] of parties) {
        if (sockets === 0 && Object.values(rates).every((rate) => rate.used() === 0)) parties.delete(key);
      }
    },
  };
}

/**
 * The part of an address that one customer of a provider has: an IPv4 address, or the
 * first 64 bits of an IPv6 address, whose other 64 bits a client chooses freely.
 */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [left = "", right] = address.split("%", 1).join().split("::");
  const groups = (text = "") => text.split(":").filter((group) => group !== "");
  const first = groups(left);
  const zeros = right === undefined ? 0 : 8 - first.length - groups(right).length;
  const all = [...first, ...Array<string>(zeros).fill("0"), ...groups(right)];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}

/** The party and those that it belongs to. */
function* chain(party: Party): Generator<Party> {
  for (let next: Party | undefined = party; next; next = next.within) yield next;
}

/** What all shares are a part of, at one moment. */
export interface Shares {
  kind: keyof Rates;
  /** How many events of this kind fit into the limit of the server. */
  all: number;
  atMs: number;
}

export function sharesOf(context: Context, kind: keyof Rates): Shares {
  const { limitPerS, spanS } = context.rates[kind];
  return { kind, all: limitPerS * spanS(), atMs: performance.now() };
}

/** Whether `count` more events of a kind fit into the party's share. */
export function hasRoom(context: Context, party: Party, kind: keyof Rates, count = 1): boolean {
  return fits(party, sharesOf(context, kind), count);
}

function fits(party: Party, { kind, all, atMs }: Shares, count: number): boolean {
  for (let next: Party | undefined = party; next; next = next.within) {
    if (next.rates[kind].used(atMs) + count > next.share * all) return false;
  }
  return true;
}

/**
 * Counts one event for a party and for those it belongs to. The caller counts it for the server,
 * for all parties at once.
 * @returns false when the share is used up
 */
export function takeOne(party: Party, shares: Shares): boolean {
  if (!fits(party, shares, 1)) return false;
  for (let next: Party | undefined = party; next; next = next.within) {
    next.rates[shares.kind].add(1, shares.atMs);
  }
  return true;
}

/** Counts events for a party, for those it belongs to, and for the server. */
export function charge(context: Context, party: Party, kind: keyof Rates, count = 1): void {
  if (count === 0) return;
  context.rates[kind].add(count);
  for (let next: Party | undefined = party; next; next = next.within) next.rates[kind].add(count);
}

/** Whether the party may open one more socket. */
export function mayOpen({ limits }: Context, party: Party): boolean {
  return [...chain(party)].every(({ sockets, share }) => sockets + 1 <= share * limits.sockets);
}

/** Whether the party may join channels on one more socket. */
export function mayJoin({ limits }: Context, party: Party): boolean {
  return [...chain(party)].every(({ users, share }) => users + 1 <= share * limits.connections);
}

/** Counts an open socket, and whether it has joined a channel, for its party. @param count 1 or -1 */
export function countSocket({ party, counted }: Connection, count: 1 | -1): void {
  for (const next of chain(party)) {
    next.sockets += count;
    if (counted) next.users += count;
  }
}

/**
 * The party that a socket counts for when a channel on it speaks for `party`. A socket
 * opens with an API key. It counts for the first person who joins or signs in on it.
 */
export function ownerOf(connection: Connection, party: Party): Party {
  return !connection.party.isPerson && party.isPerson ? party : connection.party;
}

/** Lets a socket count for another party from now on. */
export function moveSocket(connection: Connection, party: Party): void {
  if (party === connection.party) return;
  countSocket(connection, -1);
  connection.party = party;
  countSocket(connection, 1);
}
