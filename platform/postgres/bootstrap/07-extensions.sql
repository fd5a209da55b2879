-- The extensions that every hosted project starts with. A server of one's own
-- may lack some; then what needs them fails later, and the log says so now.

do $extensions$
declare
  extension text;
  schema text;
begin
  for extension, schema in
    values
      ('uuid-ossp', 'extensions'),
      ('pgcrypto', 'extensions'),
      ('pg_stat_statements', 'extensions'),
      ('supabase_vault', 'vault')
  loop
    if exists (select from pg_catalog.pg_available_extensions where name = extension) then
      execute format('create extension if not exists %I with schema %I', extension, schema);
    else
      raise warning 'this server lacks the extension %', extension;
    end if;
  end loop;
end
$extensions$;
