/*
 * rules
 *
 * How the product refuses: broken rules, requests without a person, pages out of range.
 */

-- Rules ----------------------------------------------------------------------

-- For check constraints: a broken rule is told in words, with a code, instead of
-- as the name of a constraint. As with any check, null passes.
create function private.rule(holds boolean, code text, message text)
returns boolean
language plpgsql
immutable
strict
parallel safe
security invoker
set search_path = ''
as $$
begin
  if not holds then
    raise sqlstate 'PT400' using message = rule.message, detail = rule.code;
  end if;
  return true;
end;
$$;

comment on function private.rule is 'True, or the error PT400 with the message and, as detail, the code.';
revoke all on function private.rule (boolean, text, text) from public, anon, authenticated, service_role;
grant execute on function private.rule (boolean, text, text) to authenticated, service_role;

-- White space, quotes, angle brackets and backslashes have no place in a URL, and
-- a user@host is there to deceive.
create function private.is_https_url(url text, max_length integer)
returns boolean
language sql
immutable
parallel safe
security invoker
return char_length(url) <= max_length and url ~ '^https://[^[:space:][:cntrl:]/?#@"<>\\]+([/?#][^[:space:][:cntrl:]"<>\\]*)?$';

comment on function private.is_https_url is 'Whether it is an https URL that can stand in a page as it is.';
revoke all on function private.is_https_url (text, integer) from public, anon, authenticated, service_role;
grant execute on function private.is_https_url (text, integer) to authenticated, service_role;

-- Who is asking.
create function private.viewer()
returns uuid
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  viewer_id uuid := auth.uid();
begin
  if viewer_id is null then
    raise sqlstate 'PT401' using message = 'Sign in first', detail = 'not_signed_in';
  end if;
  return viewer_id;
end;
$$;

comment on function private.viewer is 'The id of who is signed in, or the error PT401.';
revoke all on function private.viewer () from public, anon, authenticated, service_role;

create function private.check_page_size(page_size integer)
returns void
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
  if page_size is null or page_size not between 1 and 100 then
    raise sqlstate 'PT400' using message = 'A page has 1 to 100 rows', detail = 'page_size_range';
  end if;
end;
$$;

comment on function private.check_page_size is 'The error PT400 unless a page can have so many rows.';
revoke all on function private.check_page_size (integer) from public, anon, authenticated, service_role;
