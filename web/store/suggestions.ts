/** People to follow, each with reasons that are true now: docs/reference/suggestions.md. */
import type { CompositeTypes } from "../../supabase/database.types.ts";
import { plaza } from "../app/plaza.ts";
import { userId } from "../app/session.ts";
import { keepStrangers } from "./people.ts";

export type Suggestion = CompositeTypes<"suggestion">;
export type Reason = CompositeTypes<"suggestion_reason">;

/** @throws the error of the API */
export async function readSuggestions(page_size: number): Promise<Suggestion[]> {
  const { data } = await plaza.rpc("suggestions", { page_size }).throwOnError();
  keepStrangers(data);
  // People that were shown often, and not followed, come later. Nobody waits for this.
  if (data.length > 0)
    void plaza.rpc("suggestions_seen", { profile_ids: data.map(({ profile }) => profile.id) }).then();
  return data;
}

/** @throws the error of the API */
export async function readPeopleLike(profile_id: string, page_size: number): Promise<Suggestion[]> {
  const { data } = await plaza.rpc("people_like", { profile_id, page_size }).throwOnError();
  keepStrangers(data);
  return data;
}

/** The person is not suggested for 30 days, and does not find out. @throws the error of the API */
export async function dismissSuggestion(profile_id: string): Promise<void> {
  await plaza.rpc("dismiss_suggestion", { profile_id }).throwOnError();
}

/** @throws the error of the API */
export async function hidesSuggestions(): Promise<boolean> {
  const { data } = await plaza
    .from("suggestions_settings")
    .select("hides_suggestions")
    .eq("user_id", userId.value ?? "")
    .maybeSingle()
    .throwOnError();
  return data?.hides_suggestions ?? false;
}

/** @throws the error of the API */
export async function hideSuggestions(hides_suggestions: boolean): Promise<void> {
  await plaza.from("suggestions_settings").upsert({ hides_suggestions }).throwOnError();
}
