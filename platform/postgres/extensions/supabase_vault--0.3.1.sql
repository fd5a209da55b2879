-- Stand-in for supabase_vault 0.3.1 (github.com/supabase/vault): the same table,
-- view and functions, with pgcrypto in place of libsodium. The root key is the
-- file supabase_vault.key in the data folder: not in the database, not in a dump,
-- made once for the server, readable by the functions below and no SQL role.

do $key$
begin
  -- One maker at a time, in whatever database.
  lock table pg_catalog.pg_authid in share row exclusive mode;
  if (pg_catalog.pg_stat_file('supabase_vault.key', true)).size is null then
    execute format(
      'copy (select pg_catalog.encode(@extschema:pgcrypto@.gen_random_bytes(32), ''hex'')) to %L',
      current_setting('data_directory') || '/supabase_vault.key'
    );
  end if;
end
$key$;

-- 32 bytes for one purpose ("encrypt", "authenticate") and context.
create function vault._derived_key(purpose text, context bytea) returns bytea
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  root text := trim(pg_catalog.pg_read_file('supabase_vault.key'), E'\r\n');
begin
  if root !~ '^[0-9a-f]{64}$' then
    raise exception 'supabase_vault.key in the data folder is damaged';
  end if;
  return @extschema:pgcrypto@.hmac(convert_to(purpose || ':', 'UTF8') || context, decode(root, 'hex'), 'sha256');
end
$$;

-- What authenticates a message, and its initialisation vector: the SIV
-- construction of RFC 5297, with HMAC-SHA-256 and AES-256-CBC. As in the
-- original, equal inputs encrypt equally, and a nonce makes them differ.
create function vault._tag(message bytea, additional bytea, context bytea, nonce bytea) returns bytea
language sql
stable
security definer
set search_path = ''
return @extschema:pgcrypto@.hmac(
  int8send(length(additional)) || additional
    || int8send(length(coalesce(nonce, ''))) || coalesce(nonce, '')
    || message,
  vault._derived_key('authenticate', context),
  'sha256'
);

create function vault._crypto_aead_det_encrypt(
  message bytea,
  additional bytea,
  key_id bigint,
  context bytea default 'pgsodium',
  nonce bytea default null
) returns bytea
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  tag bytea := vault._tag(message, additional, context, nonce);
begin
  return tag || @extschema:pgcrypto@.encrypt_iv(
    message, vault._derived_key('encrypt', context), substr(tag, 1, 16), 'aes-cbc/pad:pkcs'
  );
end
$$;

create function vault._crypto_aead_det_decrypt(
  message bytea,
  additional bytea,
  key_id bigint,
  context bytea default 'pgsodium',
  nonce bytea default null
) returns bytea
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  tag bytea := substr(message, 1, 32);
  plain bytea;
begin
  plain := @extschema:pgcrypto@.decrypt_iv(
    substr(message, 33), vault._derived_key('encrypt', context), substr(tag, 1, 16), 'aes-cbc/pad:pkcs'
  );
  if vault._tag(plain, additional, context, nonce) <> tag then
    raise exception 'invalid ciphertext' using errcode = 'data_exception';
  end if;
  return plain;
end
$$;

create function vault._crypto_aead_det_noncegen() returns bytea
language sql
volatile
set search_path = ''
return @extschema:pgcrypto@.gen_random_bytes(16);

create table vault.secrets (
  id uuid primary key default gen_random_uuid(),
  name text,
  description text not null default '',
  secret text not null,
  key_id uuid,
  nonce bytea default vault._crypto_aead_det_noncegen(),
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz not null default current_timestamp
);

create unique index secrets_name_idx on vault.secrets (name) where name is not null;

comment on table vault.secrets is 'Secrets, encrypted in the column secret.';

select pg_catalog.pg_extension_config_dump('vault.secrets', '');

create view vault.decrypted_secrets as
  select
    secret.id,
    secret.name,
    secret.description,
    secret.secret,
    convert_from(
      vault._crypto_aead_det_decrypt(
        message => decode(secret.secret, 'base64'),
        additional => convert_to(secret.id::text, 'UTF8'),
        key_id => 0,
        nonce => secret.nonce
      ),
      'UTF8'
    ) as decrypted_secret,
    secret.key_id,
    secret.nonce,
    secret.created_at,
    secret.updated_at
  from vault.secrets as secret;

-- The row's id is authenticated with it: a ciphertext moved to another row does not decrypt.
create function vault._encrypted(secret text, id uuid, nonce bytea) returns text
language sql
stable
set search_path = ''
return encode(
  vault._crypto_aead_det_encrypt(
    message => convert_to(secret, 'UTF8'),
    additional => convert_to(id::text, 'UTF8'),
    key_id => 0,
    nonce => nonce
  ),
  'base64'
);

-- new_key_id is unused, as in the original.
create function vault.create_secret(
  new_secret text,
  new_name text default null,
  new_description text default '',
  new_key_id uuid default null
) returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
  new_id uuid := gen_random_uuid();
  new_nonce bytea := vault._crypto_aead_det_noncegen();
begin
  insert into vault.secrets (id, secret, name, description, nonce)
  values (new_id, vault._encrypted(new_secret, new_id, new_nonce), new_name, new_description, new_nonce);
  return new_id;
end
$$;

create function vault.update_secret(
  secret_id uuid,
  new_secret text default null,
  new_name text default null,
  new_description text default null,
  new_key_id uuid default null
) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
  update vault.secrets
  set secret = coalesce(vault._encrypted(new_secret, id, nonce), secret),
    name = coalesce(new_name, name),
    description = coalesce(new_description, description),
    updated_at = now()
  where id = secret_id;
end
$$;

-- As hosted (supabase/postgres, supabase_vault/after-create.sql): secrets are
-- written by the functions alone.
revoke execute on all functions in schema vault from public;
grant usage on schema vault to postgres with grant option;
grant usage on schema vault to service_role;
grant select, delete on vault.secrets, vault.decrypted_secrets to postgres with grant option;
grant select, delete on vault.secrets, vault.decrypted_secrets to service_role;
grant execute on function vault.create_secret, vault.update_secret, vault._crypto_aead_det_decrypt
  to postgres with grant option;
grant execute on function vault.create_secret, vault.update_secret, vault._crypto_aead_det_decrypt to service_role;
