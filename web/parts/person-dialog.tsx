/** What is asked before somebody is blocked, muted, removed or put on a list. It is loaded when it is shown. */
import { t } from "../app/messages.ts";
import type { Author } from "../app/plaza.ts";
import { toast } from "../app/toasts.ts";
import { block, removeFollower, unblock } from "../store/people.ts";
import { Confirm } from "./dialog.tsx";
import { ListsOfPerson } from "./list-dialog.tsx";
import { MuteDialog } from "./mute-dialog.tsx";

export type PersonTask = "block" | "lists" | "mute" | "remove";

interface PersonDialogProps {
  person: Author;
  task: PersonTask;
  onClose: () => void;
}

export default function PersonDialog({ person, task, onClose }: PersonDialogProps) {
  const name = `@${person.username}`;
  if (task === "lists") return <ListsOfPerson person={person} onClose={onClose} />;
  if (task === "mute") return <MuteDialog person={person} onClose={onClose} />;
  if (task === "remove")
    return (
      <Confirm
        title={t("remove_follower_name", { name })}
        text={t("remove_follower_text")}
        action={t("remove_follower")}
        onConfirm={() => removeFollower(person)}
        onClose={onClose}
      />
    );
  return (
    <Confirm
      title={t("block_name", { name })}
      text={t("block_text")}
      action={t("block")}
      onConfirm={async () => {
        await block(person);
        toast(t("profile_blocked", { name }), {
          action: { label: t("undo"), run: () => void unblock(person) },
        });
      }}
      onClose={onClose}
    />
  );
}
