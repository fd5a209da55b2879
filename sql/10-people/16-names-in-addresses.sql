/*
 * names in addresses
 *
 * The person that a username leads to, as in the address of a profile's page. Links outlive
 * a rename: as long as the old name is held (15-usernames.sql), it leads to its former owner.
 */

-- Definer, because nobody may read which names are held. The page or feed of the person
-- decides what the viewer sees of them.
create function private.person_named(username text)
returns uuid
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return coalesce(
    (
      select profiles.id
      from public.profiles
      where lower(profiles.username) = lower(person_named.username)
    ),
    (
      select held_usernames.profile_id
      from private.held_usernames
      where held_usernames.username = lower(person_named.username) and held_usernames.held_until > now()
    )
  );
end;
$$;

comment on function private.person_named is 'The id of the person who has this username, in any case. If nobody has it, the id of the former owner, as long as it is held. Null when there is no such person.';
revoke all on function private.person_named (text) from public, anon, authenticated, service_role;

-- Definer, because nobody may call person_named() directly.
create function private.person_meant(profile_id uuid, username text)
returns uuid
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  if num_nonnulls(person_meant.profile_id, person_meant.username) <> 1 then
    raise sqlstate 'PT400' using
      message = 'Give the id or the username of a person, and not both', detail = 'person_required';
  end if;
  return coalesce(person_meant.profile_id, private.person_named(person_meant.username));
end;
$$;

comment on function private.person_meant is 'The id of the person that a request names by profile_id or by username. Null when nobody has the username. The error PT400 unless the request gives one of the two.';
revoke all on function private.person_meant (uuid, text) from public, anon, authenticated, service_role;
grant execute on function private.person_meant (uuid, text) to anon, authenticated;
