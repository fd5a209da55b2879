/** The people whom somebody follows. */
import type { PageProps } from "../../app/router.ts";
import { PeopleOf } from "./people-of.tsx";

export default function Following({ params: { username = "" } }: PageProps) {
  return <PeopleOf username={username} kind="following" />;
}
