/*
 * characters
 *
 * Rules for every text that people write: when it is blank, when it is one line, and when
 * it can be a name. Every field asks these functions, so that the answer is the same
 * everywhere. Tags, mentions and links are in 20-posts/10-text.sql.
 *
 * Everything here is a pure function. It names characters by their numbers, because
 * classes such as [[:space:]] change with the locale of the database.
 */

-- Blank ----------------------------------------------------------------------

-- These are White_Space, Default_Ignorable_Code_Point, the controls (Cc) and the
-- invisible format characters (Cf) of Unicode 17, and three more that are drawn as
-- nothing: the blank of Braille, the filler of Khitan and the null note head. The few
-- format characters that can be seen, such as the Arabic number sign, are left out.
create function private.blank_characters()
returns text
language sql
immutable
parallel safe
security invoker
return
  '\u0001-\u0020\u007F-\u00A0\u00AD\u034F\u061C\u115F\u1160\u1680\u17B4\u17B5\u180B-\u180F'
  '\u2000-\u200F\u2028-\u202F\u205F-\u206F\u2800\u3000\u3164\uFE00-\uFE0F\uFEFF\uFFA0'
  '\uFFF0-\uFFFB\U00013430-\U0001343F\U00016FE4\U0001BCA0-\U0001BCA3\U0001D159'
  '\U0001D173-\U0001D17A\U000E0000-\U000E0FFF';

comment on function private.blank_characters is 'The characters that nobody can see, as the inside of a bracket expression.';
revoke all on function private.blank_characters () from public, anon, authenticated, service_role;
grant execute on function private.blank_characters () to authenticated, service_role;

create function private.is_blank(string text)
returns boolean
language sql
immutable
parallel safe
security invoker
return string !~ ('[^' || private.blank_characters() || ']');

comment on function private.is_blank is 'Whether there is nothing to see in a text. The empty text is blank.';
revoke all on function private.is_blank (text) from public, anon, authenticated, service_role;
grant execute on function private.is_blank (text) to authenticated, service_role;

-- Lines and names ------------------------------------------------------------

-- The controls of ASCII and of Latin 1 (tabs, line feeds, U+0085 and the rest), and
-- the two separators that Unicode added.
create function private.is_one_line(string text)
returns boolean
language sql
immutable
parallel safe
security invoker
return string !~ '[\u0001-\u001F\u007F-\u009F\u2028\u2029]';

comment on function private.is_one_line is 'Whether a text has no line separator and no control character.';
revoke all on function private.is_one_line (text) from public, anon, authenticated, service_role;
grant execute on function private.is_one_line (text) to authenticated, service_role;

-- For a line of its own that may be left empty: a title, a content warning.
create function private.is_line(string text)
returns boolean
language sql
immutable
parallel safe
security invoker
return private.is_one_line(string) and (string = '' or not private.is_blank(string));

comment on function private.is_line is 'Whether a text is empty, or one line with something to see.';
revoke all on function private.is_line (text) from public, anon, authenticated, service_role;
grant execute on function private.is_line (text) to authenticated, service_role;

-- Names stand beside other people's names in one line of a page. A character that
-- turns the direction of writing would reorder what stands after the name.
create function private.is_name(string text)
returns boolean
language sql
immutable
parallel safe
security invoker
return private.is_line(string) and string !~ '[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]';

comment on function private.is_name is 'Whether a text is a line, as is_line() says, without characters that control the direction of writing.';
revoke all on function private.is_name (text) from public, anon, authenticated, service_role;
grant execute on function private.is_name (text) to authenticated, service_role;

-- A name of a sign-up may come from another service, which has other rules. It is made
-- to fit: nobody should lose a sign-up over a name that can be changed later.
create function private.to_name(string text, max_characters integer)
returns text
language plpgsql
immutable
strict
parallel safe
security invoker
set search_path = ''
as $$
declare
  line text := regexp_replace(string, '[\u0001-\u001F\u007F-\u009F\u2028\u2029]+', ' ', 'g');
  name text := private.cut(
    regexp_replace(line, '[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]+', '', 'g'), max_characters
  );
begin
  return case when private.is_blank(name) then '' else name end;
end;
$$;

comment on function private.to_name is 'A text made to fit: what is_name() accepts, of at most max_characters, and empty when nothing is left to see.';
revoke all on function private.to_name (text, integer) from public, anon, authenticated, service_role;
