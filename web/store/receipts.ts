/** How far the others have read. */
import type { Author, Receipt } from "../app/plaza.ts";
import { userId } from "../app/session.ts";

/** The event `pointer`. Nulls: the member shows no receipts any more. */
export interface Pointer {
  profile_id: string;
  delivered_seq: number | null;
  read_seq: number | null;
}

/**
 * @param members who is known by name. A pointer of somebody else is in the next snapshot
 * @returns the receipts with the pointer in the place of the one of the same person
 */
export function withPointer(receipts: Receipt[], pointer: Pointer, members: Author[]): Receipt[] {
  const { profile_id, delivered_seq, read_seq } = pointer;
  const known = receipts.find(({ profile }) => profile.id === profile_id);
  const others = receipts.filter((each) => each !== known);
  if (delivered_seq === null || read_seq === null) return others;
  const profile = known?.profile ?? members.find(({ id }) => id === profile_id);
  if (!profile || profile_id === userId.value) return receipts;
  return [...others, { profile, delivered_seq, read_seq }];
}
