/** Follows a person, asks to, or takes it back. The same button in lists, suggestions and profiles. */
import { useSignal } from "@preact/signals";
import { t } from "../app/messages.ts";
import type { Author } from "../app/plaza.ts";
import { navigate } from "../app/router.ts";
import { isSignedIn, userId } from "../app/session.ts";
import { follow, relationOf, unfollow, withdraw } from "../store/people.ts";
import { Button } from "./button.tsx";
import { Confirm } from "./dialog.tsx";
import { profilePath } from "./person-line.tsx";

export function FollowButton({ person }: { person: Author }) {
  const isAsking = useSignal(false);
  const { is_private, is_following, is_requested, follows_you, is_blocked } = relationOf(person.id).value;
  const name = `@${person.username}`;
  if (person.id === userId.value || is_blocked) return null;

  if (!isSignedIn.value) {
    const to = `/sign-in?to=${encodeURIComponent(profilePath(person))}`;
    return (
      <Button kind="main" label={t("follow_name", { name })} onClick={() => navigate(to)}>
        {t("follow")}
      </Button>
    );
  }
  if (is_following) {
    return (
      <>
        <Button
          isPressed
          label={t("following_name", { name })}
          onClick={() => {
            // To follow a private account again, one has to ask again.
            if (is_private) isAsking.value = true;
            else return unfollow(person);
          }}
        >
          {t("following_them")}
        </Button>
        {isAsking.value && (
          <Confirm
            title={t("unfollow_name", { name })}
            text={t("unfollow_private")}
            action={t("unfollow")}
            onConfirm={() => unfollow(person)}
            onClose={() => {
              isAsking.value = false;
            }}
          />
        )}
      </>
    );
  }
  if (is_requested) {
    return (
      <Button isPressed label={t("requested_name", { name })} onClick={() => withdraw(person)}>
        {t("requested")}
      </Button>
    );
  }
  const words = is_private ? "request" : follows_you ? "follow_back" : "follow";
  return (
    <Button kind="main" label={t(`${words}_name`, { name })} onClick={() => follow(person)}>
      {t(words)}
    </Button>
  );
}
