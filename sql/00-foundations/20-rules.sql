/*
 * rules
 *
 * How the product refuses a request. A broken rule, a request that needs a signed-in
 * person, and a page that is too large each get an error with a message for people and
 * a code for programs. docs/errors.md lists all codes.
 */

-- Rules ----------------------------------------------------------------------

-- For check constraints. The client gets a sentence and a code instead of the name of a
-- constraint. Null passes, as it does with every check.
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

comment on function private.rule is 'True when the rule holds. Otherwise the error PT400, with the message and with the code as its detail.';
revoke all on function private.rule (boolean, text, text) from public, anon, authenticated, service_role;
grant execute on function private.rule (boolean, text, text) to authenticated, service_role;

-- A URL has no white space, quotes, angle brackets or backslashes. A user@host is
-- refused too, because people use it to deceive: https://bank.com@evil.com.
create function private.is_https_url(url text, max_length integer)
returns boolean
language sql
immutable
parallel safe
security invoker
return char_length(url) <= max_length and url ~ '^https://[^[:space:][:cntrl:]/?#@"<>\\]+([/?#][^[:space:][:cntrl:]"<>\\]*)?$';

comment on function private.is_https_url is 'Whether a text is an https URL, of at most max_length characters, that a page can show without changes.';
revoke all on function private.is_https_url (text, integer) from public, anon, authenticated, service_role;
grant execute on function private.is_https_url (text, integer) to authenticated, service_role;

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

comment on function private.viewer is 'The id of the person who is signed in. The error PT401 when nobody is.';
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

comment on function private.check_page_size is 'The error PT400 unless page_size is 1 to 100.';
revoke all on function private.check_page_size (integer) from public, anon, authenticated, service_role;
