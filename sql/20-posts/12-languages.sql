/*
 * languages
 *
 * Language tags as BCP 47 (RFC 5646) writes them. A tag has to be well formed. Nothing checks
 * that its parts are registered, because the registry grows every month.
 */

-- The grammar of RFC 5646 section 2.1, part by part. The tags that are older than the
-- grammar and do not follow it (the "irregular" ones) are named. RFC 5646 section 4.4.1
-- asks for room for at least 35 characters. Extensions, such as -u-hc-h12, need more.
create function private.is_language(tag text)
returns boolean
language sql
immutable
parallel safe
security invoker
return char_length(tag) <= 64 and lower(tag collate pg_catalog."C") ~ ('^(?:'
  '(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})'  -- the language, with its extended languages
  '(?:-[a-z]{4})?'                               -- the script
  '(?:-(?:[a-z]{2}|[0-9]{3}))?'                  -- the region
  '(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*'     -- variants
  '(?:-[a-wyz0-9](?:-[a-z0-9]{2,8})+)*'          -- extensions
  '(?:-x(?:-[a-z0-9]{1,8})+)?'                   -- private use
  '|x(?:-[a-z0-9]{1,8})+'                        -- only private use
  '|en-gb-oed|sgn-(?:be-fr|be-nl|ch-de)'
  '|i-(?:ami|bnn|default|enochian|hak|klingon|lux|mingo|navajo|pwn|tao|tay|tsu)'
  ')$');

comment on function private.is_language is 'Whether a text is a well-formed BCP 47 tag of at most 64 characters, in any case.';
revoke all on function private.is_language (text) from public, anon, authenticated, service_role;
grant execute on function private.is_language (text) to authenticated, service_role;

-- Tags that differ only in case are the same tag. They are kept in one spelling, so that we
-- and clients can compare them as they are. RFC 5646 section 2.1.1 asks for lower case, with
-- two exceptions: a region of two letters (BE) and a script of four letters (Latn). The
-- exceptions do not hold at the start, or after a single character, which begins an extension.
create function private.spell_language()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
declare
  spelled text := lower(new.language collate pg_catalog."C");
  -- Everything from the first single character on.
  tail text := coalesce(substring(spelled from '(?:^|-)[a-z0-9]-.*$'), '');
  head text := left(spelled, char_length(spelled) - char_length(tail));
begin
  -- The check of the table refuses a tag that is not well formed.
  if private.is_language(new.language) then
    new.language := coalesce((
      select string_agg(
        case
          when part.place > 1 and part.name ~ '^[a-z]{2}$' then upper(part.name collate pg_catalog."C")
          when part.place > 1 and part.name ~ '^[a-z]{4}$' then initcap(part.name collate pg_catalog."C")
          else part.name
        end,
        '-' order by part.place
      )
      from string_to_table(head, '-') with ordinality as part (name, place)
    ), '') || tail;
  end if;
  return new;
end;
$$;

comment on function private.spell_language is 'Spells a language tag as RFC 5646 does: en-US, zh-Hant-TW.';
revoke all on function private.spell_language () from public, anon, authenticated, service_role;
