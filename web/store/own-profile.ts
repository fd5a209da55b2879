/** Changes the person's own profile. */
import { plaza } from "../app/plaza.ts";
import { readMe, userId } from "../app/session.ts";
import { forgetProfiles } from "./people.ts";

export interface ProfileChange {
  username?: string;
  display_name?: string;
  bio?: string;
  links?: string[];
  is_private?: boolean;
  is_searchable?: boolean;
  is_discoverable?: boolean;
  shows_likes?: boolean;
}

/** @throws the error of the API */
export async function changeProfile(change: ProfileChange): Promise<void> {
  if (userId.value === null) return;
  const { error } = await plaza.from("profiles").update(change).eq("id", userId.value);
  if (error) throw error;
  forgetProfiles();
  await readMe();
}
