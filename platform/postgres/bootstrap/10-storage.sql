-- What a project's migrations find of the Storage service: buckets, objects, and the functions that
-- policies call. Columns, constraints, owner and rights are those of supabase/storage after its
-- migration 63. Nothing serves files yet: a row of storage.objects has no bytes behind it.

set local role supabase_storage_admin;

create type storage.buckettype as enum ('STANDARD', 'ANALYTICS', 'VECTOR');

create table storage.buckets (
  id text primary key,
  name text not null,
  owner uuid,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  public boolean default false,
  avif_autodetection boolean default false,
  file_size_limit bigint,
  allowed_mime_types text[],
  owner_id text,
  type storage.buckettype not null default 'STANDARD',
  versioning_status text not null default 'DISABLED'
);

create unique index bname on storage.buckets (name);

comment on column storage.buckets.owner is 'Field is deprecated, use owner_id instead';

create table storage.objects (
  id uuid primary key default gen_random_uuid(),
  bucket_id text constraint "objects_bucketId_fkey" references storage.buckets,
  name text,
  owner uuid,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  last_accessed_at timestamptz default now(),
  metadata jsonb,
  path_tokens text[] generated always as (string_to_array(name, '/')) stored,
  version text,
  owner_id text,
  user_metadata jsonb,
  archived_at timestamptz,
  is_delete_marker boolean not null default false,
  is_versioned boolean not null default false
);

create unique index bucketid_objname on storage.objects (bucket_id, name);
create index name_prefix_search on storage.objects (name text_pattern_ops);
create index idx_objects_bucket_id_name on storage.objects (bucket_id, name collate "C");
create index idx_objects_bucket_id_name_lower on storage.objects (bucket_id, lower(name) collate "C");

comment on column storage.objects.owner is 'Field is deprecated, use owner_id instead';

-- No policy: nobody but the service role reads or writes until the project says who.
alter table storage.buckets enable row level security;
alter table storage.objects enable row level security;

grant all on storage.buckets, storage.objects to anon, authenticated, service_role;
grant all on storage.buckets, storage.objects to postgres with grant option;

-- The folders of an object's path, outermost first.
create function storage.foldername(name text) returns text[]
language plpgsql immutable
as $$
declare
  parts constant text[] := string_to_array(name, '/');
begin
  return parts[:cardinality(parts) - 1];
end
$$;

create function storage.filename(name text) returns text
language plpgsql immutable
as $$
begin
  return split_part(name, '/', -1);
end
$$;

-- What follows the last dot of the file's name. The whole name if it has no dot, as in Supabase.
create function storage.extension(name text) returns text
language plpgsql immutable
as $$
begin
  return split_part(split_part(name, '/', -1), '.', -1);
end
$$;

-- The operation of the Storage service that a policy is asked about, such as storage.object.upload.
create function storage.operation() returns text
language plpgsql stable
as $$
begin
  return current_setting('storage.operation', true);
end
$$;

-- The prefix `storage.` may be left out.
create function storage.allow_any_operation(expected_operations text[]) returns boolean
language sql stable
return exists (
  select
  from unnest(expected_operations) as expected (operation)
  where expected.operation <> ''
    and regexp_replace(expected.operation, '^storage\.', '') = regexp_replace(storage.operation(), '^storage\.', '')
);

create function storage.allow_only_operation(expected_operation text) returns boolean
language sql stable
return storage.allow_any_operation(array[expected_operation]);

create function storage.get_size_by_bucket() returns table (size bigint, bucket_id text)
language plpgsql stable
as $$
begin
  return query
    select sum((object.metadata ->> 'size')::bigint)::bigint, object.bucket_id
    from storage.objects as object
    group by object.bucket_id;
end
$$;

create function storage.update_updated_at_column() returns trigger
language plpgsql
as $$
begin
  new.updated_at = now();
  return new;
end
$$;

create trigger update_objects_updated_at before update on storage.objects
  for each row execute function storage.update_updated_at_column();

create function storage.enforce_bucket_name_length() returns trigger
language plpgsql
as $$
begin
  if length(new.name) > 100 then
    raise exception 'bucket name "%" is too long (% characters). Max is 100.', new.name, length(new.name);
  end if;
  return new;
end
$$;

create trigger enforce_bucket_name_length_trigger before insert or update of name on storage.buckets
  for each row execute function storage.enforce_bucket_name_length();

-- The Storage service deletes the bytes and then the row. A row that SQL deletes would leave bytes behind.
create function storage.protect_delete() returns trigger
language plpgsql
as $$
begin
  if coalesce(current_setting('storage.allow_delete_query', true), '') <> 'true' then
    raise exception using
      errcode = '42501',
      message = 'Direct deletion from storage tables is not allowed. Use the Storage API instead.',
      hint = 'This prevents accidental data loss from orphaned objects.';
  end if;
  return null;
end
$$;

create trigger protect_buckets_delete before delete on storage.buckets
  for each statement execute function storage.protect_delete();
create trigger protect_objects_delete before delete on storage.objects
  for each statement execute function storage.protect_delete();

reset role;
