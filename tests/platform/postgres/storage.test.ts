/** What a project's migrations may do with buckets and objects, and what their policies then decide. */
import { expect, test } from "vitest";
import { as, denied, undone, useSupabaseServer } from "./supabase-server.ts";

const server = useSupabaseServer();
const alice = "a11ce000-0000-4000-8000-000000000001";
const bob = "b0b00000-0000-4000-8000-000000000001";

/** As people write it for hosted Supabase. */
const migration = `
  insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
  values ('avatars', 'avatars', true, 1048576, array['image/png'])
  on conflict (id) do update set public = excluded.public;
  create policy "people upload into their own folder" on storage.objects for insert to authenticated
    with check (bucket_id = 'avatars' and (storage.foldername(name))[1] = (select auth.uid())::text);
  create policy "everybody sees pictures" on storage.objects for select to anon, authenticated
    using (bucket_id = 'avatars' and storage.extension(name) = 'png');
  create function public.note_upload() returns trigger language plpgsql as $$ begin return new; end $$;
  create trigger note_upload after insert on storage.objects
    for each row execute function public.note_upload();
`;

test("a migration makes a bucket and policies, and alice uploads only into her folder", async () => {
  await server.owner.unsafe(migration);
  const upload = (sub: string, name: string) =>
    as(server, "authenticated", { sub }, (sql) => {
      return sql`insert into storage.objects (bucket_id, name, owner_id) values ('avatars', ${name}, ${sub})
        returning path_tokens`;
    });
  expect(await upload(alice, `${alice}/face.png`)).toEqual([{ path_tokens: [alice, "face.png"] }]);
  await expect(upload(alice, `${bob}/face.png`)).rejects.toMatchObject(denied);
  await server.owner`insert into storage.objects (bucket_id, name) values ('avatars', 'a/1.png'), ('avatars', 'a/1.txt')`;
  const seen = (role: string) =>
    as(server, role, undefined, (sql) => sql`select name from storage.objects order by name`);
  expect(await seen("anon")).toEqual([{ name: "a/1.png" }]);
  expect(await seen("service_role")).toEqual([{ name: "a/1.png" }, { name: "a/1.txt" }]);
});

test("without a policy nobody but the service role sees a bucket", async () => {
  await server.owner`insert into storage.buckets (id, name) values ('private', 'private')`;
  const seen = (role: string) =>
    as(server, role, undefined, (sql) => sql`select id from storage.buckets where id = 'private'`);
  expect(await seen("anon")).toEqual([]);
  expect(await seen("authenticated")).toEqual([]);
  expect(await seen("service_role")).toEqual([{ id: "private" }]);
});

test("the functions take a path apart as Supabase's do", async () => {
  const [row] = await server.owner`
    select
      storage.foldername('a/b/c.tar.gz') as folders,
      storage.foldername('c.png') as none,
      storage.filename('a/b/c.tar.gz') as file,
      storage.extension('a/b/c.tar.gz') as extension,
      storage.extension('a.b/README') as whole`;
  expect(row).toEqual({
    folders: ["a", "b"],
    none: [],
    file: "c.tar.gz",
    extension: "gz",
    whole: "README",
  });
});

test("a policy can ask for the operation, with the prefix or without", async () => {
  const [row] = await undone(server.owner, async (sql) => {
    await sql`select set_config('storage.operation', 'storage.object.upload', true)`;
    return sql`
      select
        storage.operation() as operation,
        storage.allow_only_operation('object.upload') as short,
        storage.allow_any_operation(array['object.list', 'storage.object.upload']) as long,
        storage.allow_only_operation('object.list') as other`;
  });
  expect(row).toEqual({ operation: "storage.object.upload", short: true, long: true, other: false });
  expect(await server.owner`select storage.allow_only_operation('object.upload') as none`).toEqual([
    { none: false },
  ]);
});

test("SQL does not delete a bucket, unless it says that it means to", async () => {
  await server.owner`insert into storage.buckets (id, name) values ('empty', 'empty')`;
  const remove = "delete from storage.buckets where id = 'empty' returning id";
  await expect(server.owner.unsafe(remove)).rejects.toMatchObject(denied);
  const deleted = await undone(server.owner, async (sql) => {
    await sql`select set_config('storage.allow_delete_query', 'true', true)`;
    return sql.unsafe(remove);
  });
  expect(deleted).toEqual([{ id: "empty" }]);
});

test("the tables belong to the service: postgres changes no column and adds no index", async () => {
  for (const statement of [
    "alter table storage.objects add column mine text",
    "create index on storage.objects (owner_id)",
    "alter table storage.objects disable row level security",
    "drop function storage.foldername(text)",
  ]) {
    await expect(server.owner.unsafe(statement), statement).rejects.toMatchObject(denied);
  }
  const [owners] = await server.admin`
    select array_agg(distinct relowner::regrole::text) as names
    from pg_class where relnamespace = 'storage'::regnamespace`;
  expect(owners?.names).toEqual(["supabase_storage_admin"]);
});

test("a bucket's name is unique and has at most 100 characters", async () => {
  const name = "n".repeat(101);
  await expect(server.owner`insert into storage.buckets (id, name) values ('long', ${name})`).rejects.toThrow(
    /too long/,
  );
  await server.owner`insert into storage.buckets (id, name) values ('one', ${name.slice(1)})`;
  await expect(
    server.owner`insert into storage.buckets (id, name) values ('two', ${name.slice(1)})`,
  ).rejects.toMatchObject({ code: "23505" });
});
