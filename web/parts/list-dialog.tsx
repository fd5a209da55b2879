/** On which of the viewer's lists a person is. Each switch is saved at once. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { wordsOf } from "../app/errors.ts";
import { t } from "../app/messages.ts";
import { type Author, plaza } from "../app/plaza.ts";
import { userId } from "../app/session.ts";
import { toast } from "../app/toasts.ts";
import { forgetFeed } from "../store/feeds.ts";
import { Dialog } from "./dialog.tsx";
import { Failed, Waiting } from "./empty.tsx";
import { Switch } from "./field.tsx";

interface List {
  id: string;
  name: string;
  isOn: boolean;
}

export function ListsOfPerson({ person, onClose }: { person: Author; onClose: () => void }) {
  const lists = useSignal<List[] | undefined>(undefined);
  const error = useSignal<unknown>(undefined);

  async function read(): Promise<void> {
    const answer = await plaza
      .from("lists")
      .select("id, name, list_members(profile_id)")
      .eq("owner_id", userId.value ?? "")
      .eq("list_members.profile_id", person.id)
      .order("name")
      .limit(100);
    error.value = answer.error;
    lists.value = answer.data?.map(({ id, name, list_members }) => ({
      id,
      name,
      isOn: list_members.length > 0,
    }));
  }
  useEffect(() => void read(), []);

  function show(id: string, isOn: boolean): void {
    lists.value = lists.value?.map((list) => (list.id === id ? { ...list, isOn } : list));
  }

  async function put(list_id: string, isOn: boolean): Promise<void> {
    show(list_id, isOn);
    const row = { list_id, profile_id: person.id };
    const members = plaza.from("list_members");
    const { error: refused } = await (isOn
      ? members.upsert(row, { ignoreDuplicates: true })
      : members.delete().match(row));
    // The feed of the list is of other people now.
    forgetFeed(`list ${list_id}`);
    if (!refused) return;
    show(list_id, !isOn);
    toast(wordsOf(refused), { isError: true });
  }

  return (
    <Dialog title={t("lists_of", { name: `@${person.username}` })} onClose={onClose} class="small">
      {error.value ? (
        <Failed error={error.value} onRetry={read} />
      ) : !lists.value ? (
        <Waiting rows={2} />
      ) : (
        <div class="form inner">
          {lists.value.map(({ id, name, isOn }) => (
            <Switch
              key={id}
              name={id}
              label={name}
              checked={isOn}
              onChange={({ currentTarget }) => void put(id, currentTarget.checked)}
            />
          ))}
          <p>
            <a href="/lists">{t(lists.value.length > 0 ? "lists" : "lists_of_none")}</a>
          </p>
        </div>
      )}
    </Dialog>
  );
}
