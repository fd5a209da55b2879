/** Drafts on the server: it keeps them for all devices of the person, and publishes them at their time. */
import type { Database } from "../../supabase/database.types.ts";
import { plaza } from "../app/plaza.ts";
import type { Writing } from "./writing.ts";

export type Draft = Database["public"]["Tables"]["drafts"]["Row"];

/** @returns null for a time that is over: with it, the server would publish the draft as soon as it is saved */
export function stillToCome(at: string | null = null): string | null {
  return at && Date.parse(at) > Date.now() ? at : null;
}

/** A draft as the editor and the list show it. */
export function writingOf(draft: Draft): Writing {
  const { title, content, content_warning, language, audience, publish_at, edited_at } = draft;
  return {
    ...{ title, content, content_warning, language, audience },
    reply_to_id: draft.reply_to_id ?? undefined,
    quote_of_id: draft.quote_of_id ?? undefined,
    publish_at: stillToCome(publish_at),
    base: edited_at,
  };
}

/**
 * Called again with the same id, it makes no second draft.
 * @param id of a draft that is there, or of a new one
 * @throws draft_not_found if it is published by now
 */
export async function saveDraft(id: string, writing: Writing, publish_at: string | null): Promise<void> {
  const { title, content, content_warning, language, audience } = writing;
  const { reply_to_id = null, quote_of_id = null } = writing;
  const words = { title, content, content_warning, language, audience };
  const values = { ...words, reply_to_id, quote_of_id, publish_at };
  const drafts = () => plaza.from("drafts");
  const { data: made } = await drafts()
    .upsert({ id, ...values }, { ignoreDuplicates: true })
    .select("id")
    .throwOnError();
  if (made.length > 0) return;
  const { data: changed } = await drafts().update(values).eq("id", id).select("id").throwOnError();
  if (changed.length === 0)
    throw Object.assign(new Error("There is no such draft"), { details: "draft_not_found" });
}

/** Publishes a draft now, with this text. */
export async function publishDraft(id: string, writing: Writing): Promise<void> {
  await saveDraft(id, writing, null);
  await plaza.rpc("publish_draft", { draft_id: id }).throwOnError();
}
