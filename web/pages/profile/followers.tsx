/** The people who follow somebody. */
import type { PageProps } from "../../app/router.ts";
import { PeopleOf } from "./people-of.tsx";

export default function Followers({ params: { username = "" } }: PageProps) {
  return <PeopleOf username={username} kind="followers" />;
}
