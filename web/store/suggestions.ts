/** People to follow, each with reasons that are true now: docs/reference/suggestions.md. */
import type { SupabaseClient } from "@supabase/supabase-js";
import { type Author, plaza } from "../app/plaza.ts";
import { userId } from "../app/session.ts";
import { keepStrangers } from "./people.ts";

export type ReasonKind =
  | "followed_by"
  | "follows_you"
  | "both_follow"
  | "followed_alongside"
  | "followers_follow"
  | "writes_about"
  | "new_here"
  | "many_follow";

export interface Reason {
  kind: ReasonKind;
  /** Up to two people that the reason names. */
  people: Author[];
  /** How many more there are. */
  others: number;
  tag: string | null;
}

export interface Suggestion {
  profile: Author;
  is_private: boolean;
  follows_you: boolean;
  reasons: Reason[];
}

interface Settings {
  user_id: string;
  hides_suggestions: boolean;
}

/** This part of the API, as long as the generated types do not have it. */
interface SuggestionsApi {
  public: {
    Tables: {
      suggestions_settings: {
        Row: Record<string, unknown> & Settings;
        Insert: Record<string, unknown> & Partial<Settings>;
        Update: Record<string, unknown> & Partial<Settings>;
        Relationships: [];
      };
    };
    Views: Record<string, never>;
    Functions: {
      suggestions: { Args: { page_size?: number }; Returns: Suggestion[] };
      people_like: { Args: { profile_id: string; page_size?: number }; Returns: Suggestion[] };
      suggestions_seen: { Args: { profile_ids: string[] }; Returns: undefined };
      dismiss_suggestion: { Args: { profile_id: string }; Returns: string };
    };
  };
}

const api = plaza as unknown as SupabaseClient<SuggestionsApi>;

/** @throws the error of the API */
export async function readSuggestions(page_size: number): Promise<Suggestion[]> {
  const { data } = await api.rpc("suggestions", { page_size }).throwOnError();
  keepStrangers(data);
  // People that were shown often, and not followed, come later. Nobody waits for this.
  if (data.length > 0)
    void api.rpc("suggestions_seen", { profile_ids: data.map(({ profile }) => profile.id) }).then();
  return data;
}

/** @throws the error of the API */
export async function readPeopleLike(profile_id: string, page_size: number): Promise<Suggestion[]> {
  const { data } = await api.rpc("people_like", { profile_id, page_size }).throwOnError();
  keepStrangers(data);
  return data;
}

/** The person is not suggested for 30 days, and does not find out. @throws the error of the API */
export async function dismissSuggestion(profile_id: string): Promise<void> {
  await api.rpc("dismiss_suggestion", { profile_id }).throwOnError();
}

/** @throws the error of the API */
export async function hidesSuggestions(): Promise<boolean> {
  const { data } = await api
    .from("suggestions_settings")
    .select("hides_suggestions")
    .eq("user_id", userId.value ?? "")
    .maybeSingle()
    .throwOnError();
  return data?.hides_suggestions ?? false;
}

/** @throws the error of the API */
export async function hideSuggestions(hides_suggestions: boolean): Promise<void> {
  await api.from("suggestions_settings").upsert({ hides_suggestions }).throwOnError();
}
