/** A list: the posts of its people. Its owner says who is on it. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Database } from "../../supabase/database.types.ts";
import { t } from "../app/messages.ts";
import { type Author, type Person, plaza } from "../app/plaza.ts";
import { navigate, type PageProps, whileHere } from "../app/router.ts";
import { userId } from "../app/session.ts";
import { Button } from "../parts/button.tsx";
import { Confirm, Dialog } from "../parts/dialog.tsx";
import { Empty, Failed, Waiting } from "../parts/empty.tsx";
import { Field } from "../parts/field.tsx";
import { Form } from "../parts/form.tsx";
import { Menu } from "../parts/menu.tsx";
import { Page } from "../parts/page.tsx";
import { PersonLine } from "../parts/person-line.tsx";
import { PostFeed } from "../parts/post-feed.tsx";
import { forgetFeed } from "../store/feeds.ts";
import { listFeed } from "../store/sources.ts";
import { ListDialog } from "./lists.tsx";

type List = Database["public"]["Tables"]["lists"]["Row"];

export default function ListPage({ params: { id = "" } }: PageProps) {
  const list = useSignal<List | null | undefined>(undefined);
  const error = useSignal<unknown>(undefined);
  const shown = useSignal<"people" | "edit" | "delete" | undefined>(undefined);
  const show = (what: "people" | "edit" | "delete" | undefined) => () => {
    shown.value = what;
  };

  async function read(): Promise<void> {
    const answer = await plaza.from("lists").select("*").eq("id", id).maybeSingle();
    // An address that is no id leads to no list.
    const isNoId = answer.error?.code === "22P02";
    error.value = isNoId ? undefined : answer.error;
    if (!answer.error || isNoId) list.value = answer.data;
  }
  useEffect(() => void read(), [id]);

  if (list.value === undefined) {
    return (
      <Page title={t("lists")} backTo="/lists">
        {error.value ? <Failed error={error.value} onRetry={read} /> : <Waiting />}
      </Page>
    );
  }
  if (list.value === null) {
    return (
      <Page title={t("not_found")} backTo="/lists">
        <Empty icon="list" title={t("error_list_not_found")} />
      </Page>
    );
  }
  const { name, is_private, owner_id } = list.value;
  const isOwn = owner_id === userId.value;
  const menu = isOwn && (
    <>
      <Button icon="people" onClick={show("people")}>
        {t("list_people")}
      </Button>
      <Menu
        label={t("menu")}
        items={() => [
          { label: t("edit"), icon: "pen", run: show("edit") },
          { label: t("delete"), icon: "trash", isDanger: true, run: show("delete") },
        ]}
      />
    </>
  );
  return (
    <Page title={name} backTo="/lists" actions={menu}>
      <PostFeed
        feed={listFeed(id)}
        label={name}
        empty={
          <Empty icon="list" title={t("list_empty")}>
            {isOwn && t("list_empty_hint")}
          </Empty>
        }
      />
      {shown.value === "people" && <People listId={id} onClose={show(undefined)} />}
      {shown.value === "edit" && (
        <ListDialog
          list={{ name, is_private }}
          onClose={show(undefined)}
          onSave={async (values) => {
            await plaza.from("lists").update(values).eq("id", id).throwOnError();
            await read();
          }}
        />
      )}
      {shown.value === "delete" && (
        <Confirm
          title={t("list_delete")}
          text={t("list_delete_text")}
          action={t("delete")}
          onClose={show(undefined)}
          onConfirm={async () => {
            const here = whileHere();
            await plaza.from("lists").delete().eq("id", id).throwOnError();
            here(() => navigate("/lists", { replace: true }));
          }}
        />
      )}
    </Page>
  );
}

/** Who is on the list. To add somebody, search for them. */
function People({ listId, onClose }: { listId: string; onClose: () => void }) {
  const members = useSignal<Author[] | undefined>(undefined);
  const found = useSignal<Person[] | undefined>(undefined);

  async function read(): Promise<void> {
    const { data } = await plaza
      .from("list_members")
      .select("profile:profiles!profile_id(id, username, display_name, avatar_url)")
      .eq("list_id", listId)
      .order("created_at", { ascending: false })
      .limit(1000)
      .throwOnError();
    members.value = data.map(({ profile }) => profile);
    // The feed is of other people now.
    forgetFeed(`list ${listId}`);
  }
  useEffect(() => void read(), [listId]);

  const isOn = (person: Author) => members.value?.some(({ id }) => id === person.id) ?? false;
  const line = (person: Author) => (
    <li key={person.id}>
      <PersonLine person={person}>
        {isOn(person) ? (
          <Button
            onClick={async () => {
              await plaza
                .from("list_members")
                .delete()
                .eq("list_id", listId)
                .eq("profile_id", person.id)
                .throwOnError();
              await read();
            }}
          >
            {t("list_remove")}
          </Button>
        ) : (
          <Button
            kind="main"
            onClick={async () => {
              const row = { list_id: listId, profile_id: person.id };
              await plaza.from("list_members").upsert(row, { ignoreDuplicates: true }).throwOnError();
              await read();
            }}
          >
            {t("list_add")}
          </Button>
        )}
      </PersonLine>
    </li>
  );
  const shown = found.value?.map(({ profile }) => profile) ?? members.value;
  return (
    <Dialog title={t("list_people")} onClose={onClose}>
      <Form
        class="form inner"
        onSubmit={async ({ query = "" }) => {
          if (!query.trim()) found.value = undefined;
          else found.value = (await plaza.rpc("search_people", { query: query.trim() }).throwOnError()).data;
        }}
      >
        <Field label={t("list_search")} name="query" type="search" maxLength={100} />
        <div class="actions">
          <Button>{t("search")}</Button>
        </div>
      </Form>
      {!shown ? (
        <Waiting rows={2} />
      ) : shown.length === 0 ? (
        <p class="note">{found.value ? t("people_none") : t("list_nobody")}</p>
      ) : (
        <ul class="people-list">{shown.map(line)}</ul>
      )}
    </Dialog>
  );
}
