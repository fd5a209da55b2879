/*
 * text
 *
 * Finds the tags, mentions and links in a text. The rules are those of twitter-text,
 * which people know from elsewhere; tests/database/text.test.ts compares the two. We
 * differ from it here:
 *
 *   - Our usernames have 3 to 30 characters, and theirs have at most 20. We have no lists,
 *     so @alice/photos mentions alice. Nobody reposts by hand here, so RT@alice mentions
 *     nobody.
 *   - A link begins with http:// or https://. A bare example.com is too often a sentence
 *     that lacks a space.
 *   - twitter-text has a list of the top-level domains. Such a list is soon out of
 *     date. Here a top-level domain is any two letters or more, all ASCII or none ASCII.
 *     We do not measure hosts and links, and we do not know t.co.
 *   - A host has no quotation marks and similar characters. In twitter-text it may have some.
 *   - After the host, a link has the letters, marks and digits of every script. In
 *     twitter-text they are Latin and Cyrillic. So a link that is copied from a Japanese, Thai or
 *     Arabic page is whole. In return, a Japanese sentence that follows a link without
 *     a space is taken for a part of it. Punctuation that is not ASCII still ends the
 *     link, as 。 does.
 *   - Parentheses belong to a query only in pairs, as they do to a path. A fragment may
 *     follow the host at once.
 *   - Letters that Unicode gained since are letters. Beyond U+FFFF, everything else in
 *     the blocks of scripts is a letter too.
 *   - A tag has at most 100 characters, and one letter at least that can be seen.
 *
 * Everything here is a pure function that answers the same in any database: it names
 * characters by their numbers, and takes their capitals from pg_c_utf8. What counts as
 * blank is in 00-foundations/25-characters.sql.
 */

-- Tags -----------------------------------------------------------------------

-- [[:alpha:]] does not work here. It changes with the locale, and it lacks combining
-- marks, without which nobody can write Hindi. These are \p{L}, \p{M} and \p{Nd} of
-- Unicode 17. A range also covers characters that are not assigned yet. The list also has
-- what twitter-text adds: the underscore, joiners, Hebrew and Tibetan punctuation,
-- middle dots, wave dashes, the voicing marks and the ditto mark of Japanese. The
-- variation selectors U+FE0E and U+FE0F are left out, because they may also stand
-- before a tag, where they belong to an emoji. Where they may be in a tag, they are
-- added.
create function private.tag_characters()
returns text
language sql
immutable
parallel safe
security invoker
return '0-9A-Z_a-z'
  '\u00AA\u00B5\u00B7\u00BA\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02C1\u02C6-\u02D1\u02E0-\u02E4\u02EC'
  '\u02EE\u0300-\u0374\u0376-\u037D\u037F\u0386\u0388-\u03F5\u03F7-\u0481\u0483-\u0559\u0560-\u0588'
  '\u0591-\u05BF\u05C1\u05C2\u05C4\u05C5\u05C7-\u05F4\u0610-\u061A\u0620-\u0669\u066E-\u06D3'
  '\u06D5-\u06DC\u06DF-\u06E8\u06EA-\u06FC\u06FF\u0710-\u07F5\u07FA-\u07FD\u0800-\u082D'
  '\u0840-\u085B\u0860-\u0887\u0889-\u088F\u0897-\u08E1\u08E3-\u0963\u0966-\u096F\u0971-\u09F1'
  '\u09FC\u09FE-\u0A75\u0A81-\u0AEF\u0AF9-\u0B6F\u0B71\u0B82-\u0BEF\u0C00-\u0C6F\u0C80-\u0C83'
  '\u0C85-\u0D4E\u0D54-\u0D57\u0D5F-\u0D6F\u0D7A-\u0DF3\u0E01-\u0E3A\u0E40-\u0E4E\u0E50-\u0E59'
  '\u0E81-\u0F00\u0F0B\u0F0C\u0F18\u0F19\u0F20-\u0F29\u0F35\u0F37\u0F39\u0F3E-\u0F84\u0F86-\u0FBC'
  '\u0FC6\u1000-\u1049\u1050-\u109D\u10A0-\u10FA\u10FC-\u135F\u1380-\u138F\u13A0-\u13FD'
  '\u1401-\u166C\u166F-\u167F\u1681-\u169A\u16A0-\u16EA\u16F1-\u1734\u1740-\u17D3\u17D7'
  '\u17DC-\u17E9\u180B-\u180D\u180F-\u193B\u1946-\u19D9\u1A00-\u1A1B\u1A20-\u1A99\u1AA7'
  '\u1AB0-\u1B4C\u1B50-\u1B59\u1B6B-\u1B73\u1B80-\u1BF3\u1C00-\u1C37\u1C40-\u1C7D\u1C80-\u1CBF'
  '\u1CD0-\u1CD2\u1CD4-\u1FBC\u1FBE\u1FC2-\u1FCC\u1FD0-\u1FDB\u1FE0-\u1FEC\u1FF2-\u1FFC\u200C\u200D'
  '\u2071\u207F\u2090-\u209C\u20D0-\u20F0\u2102\u2107\u210A-\u2113\u2115\u2119-\u211D\u2124\u2126'
  '\u2128\u212A-\u212D\u212F-\u2139\u213C-\u213F\u2145-\u2149\u214E\u2183\u2184\u2C00-\u2CE4'
  '\u2CEB-\u2CF3\u2D00-\u2D6F\u2D7F-\u2DFF\u2E2F\u3003\u3005\u3006\u301C\u302A-\u302F\u3031-\u3035'
  '\u303B\u303C\u3041-\u318E\u31A0-\u31BF\u31F0-\u31FF\u3400-\u4DBF\u4E00-\uA48C\uA4D0-\uA4FD'
  '\uA500-\uA60C\uA610-\uA672\uA674-\uA6E5\uA6F0\uA6F1\uA717-\uA71F\uA722-\uA788\uA78B-\uA827\uA82C'
  '\uA840-\uA873\uA880-\uA8C5\uA8D0-\uA8F7\uA8FB\uA8FD-\uA92D\uA930-\uA953\uA960-\uA9C0'
  '\uA9CF-\uA9D9\uA9E0-\uAA59\uAA60-\uAA76\uAA7A-\uAADD\uAAE0-\uAAEF\uAAF2-\uAB5A\uAB5C-\uAB69'
  '\uAB70-\uABEA\uABEC-\uD7FB\uF900-\uFB28\uFB2A-\uFBB1\uFBD3-\uFD3D\uFD50-\uFD8F\uFD92-\uFDC7'
  '\uFDF0-\uFDFB\uFE00-\uFE0D\uFE20-\uFE2F\uFE70-\uFEFC\uFF10-\uFF19\uFF21-\uFF3A\uFF41-\uFF5A'
  '\uFF5E\uFF66-\uFFDC'
  '\U00010000-\U0001CBFF\U0001D400-\U0001D7FF\U0001DF00-\U0001EFFF\U00020000-\U0003FFFF'
  '\U000E0100-\U000E01EF';

comment on function private.tag_characters is 'The characters of tags, as the inside of a bracket expression.';
revoke all on function private.tag_characters () from public, anon, authenticated, service_role;
grant execute on function private.tag_characters () to authenticated, service_role;

-- To fold the case, every character becomes its capital and then its small letter. So ς is
-- σ, and ı and İ are i: in Turkish, #ısparta is #ISPARTA. But ß is not ss, because one
-- character stays one. Full-width letters stay full-width, as in twitter-text. The text is
-- composed after each step, because a letter with its accent may be one character in only
-- one of its cases.
create function private.tag_name(tag text)
returns text
language plpgsql
immutable
strict
parallel safe
security invoker
set search_path = ''
as $$
declare
  composed text := normalize(regexp_replace(tag, '^[#＃]', ''), nfc);
  capitals text := normalize(upper(composed collate pg_catalog.pg_c_utf8), nfc);
  name text := normalize(lower(capitals collate pg_catalog.pg_c_utf8), nfc);
  -- \p{Nd} up to U+FFFF, the digits of mathematics, and the punctuation among the
  -- characters of tags.
  not_letters constant text := '0-9'
    '\u0660-\u0669\u06F0-\u06F9\u07C0-\u07C9\u0966-\u096F\u09E6-\u09EF\u0A66-\u0A6F\u0AE6-\u0AEF'
    '\u0B66-\u0B6F\u0BE6-\u0BEF\u0C66-\u0C6F\u0CE6-\u0CEF\u0D66-\u0D6F\u0DE6-\u0DEF\u0E50-\u0E59'
    '\u0ED0-\u0ED9\u0F20-\u0F29\u1040-\u1049\u1090-\u1099\u17E0-\u17E9\u1810-\u1819\u1946-\u194F'
    '\u19D0-\u19D9\u1A80-\u1A89\u1A90-\u1A99\u1B50-\u1B59\u1BB0-\u1BB9\u1C40-\u1C49\u1C50-\u1C59'
    '\uA620-\uA629\uA8D0-\uA8D9\uA900-\uA909\uA9D0-\uA9D9\uA9F0-\uA9F9\uAA50-\uAA59\uABF0-\uABF9'
    '\uFF10-\uFF19'
    '\U0001D7CE-\U0001D7FF'
    '_\u00B7\u05BE\u05F3\u05F4\u0F0B\u0F0C\u200C\u200D\u3003\u301C\u309B\u309C\u30A0\u30FB\uA67E\uFF5E';
begin
  -- With U+FE0F or U+20E3 after it, the # is an emoji. A letter that nobody can see,
  -- such as the Hangul filler, makes no tag.
  if char_length(name) <= 100
    and name ~ ('^(?![\uFE0F\u20E3])[' || private.tag_characters() || '\uFE0E\uFE0F]+$')
    and name ~ ('[^' || not_letters || private.blank_characters() || ']')
  then
    return name;
  end if;
  return null;
end;
$$;

comment on function private.tag_name is 'The name of a tag, given with or without its sign. It is the same in any case, and however its accents are encoded. Null when it is not a tag: a name has at most 100 letters, marks, digits and underscores, and at least one letter.';
revoke all on function private.tag_name (text) from public, anon, authenticated, service_role;
grant execute on function private.tag_name (text) to authenticated, service_role;

-- Entities -------------------------------------------------------------------

/*
 * One expression finds everything. When two entities overlap, the first is found and
 * the other is not, so a # in a link does not begin a tag.
 *
 * It has to stay fast with every text. Postgres runs an expression without
 * captures and back references as an automaton, which never goes back; so all groups
 * are (?:). And no alternative may begin in the middle of a run of its own characters,
 * or the run would be read again from each of them.
 */
create function private.entity_pattern()
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
as $$
declare
  tag_characters constant text := private.tag_characters();
  accented constant text :=
    '\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u024F\u0253\u0254\u0256\u0257\u0259\u025B\u0263\u0268\u026F'
    '\u0272\u0289\u028B\u02BB\u0300-\u036F\u1E00-\u1EFF';

  tag constant text := '(?<![&' || tag_characters || '])'
    '[#＃](?![\uFE0F\u20E3])[' || tag_characters || '\uFE0E\uFE0F]+'
    '(?![' || tag_characters || '\uFE0E\uFE0F#＃]|://)';

  mention constant text := '(?<![A-Za-z0-9_!#$%&*@＠])'
    '[@＠][A-Za-z0-9_]{3,30}(?![A-Za-z0-9_@＠' || accented || ']|://)';

  -- Controls, spaces and punctuation end a host, full-width ones included.
  not_host constant text :=
    '\u0001-\u002F\u003A-\u0040\u005B-\u0060\u007B-\u00BF\u061C\u1680\u180E\u2000-\u200B'
    '\u200E-\u206F\u3000-\u3004\u3008-\u3020\u3030\uFEFF\uFF00-\uFF20\uFF5B-\uFF65\uFFF0-\uFFFF';
  host constant text := '[^' || not_host || ']';
  ascii_host constant text := '[A-Za-z0-9' || accented || ']';
  labels constant text := '(?:h(?:[_-]*h)*\.)*h(?:-*h)*\.';  -- h: a character of the host
  ascii_top constant text := '(?:[A-Za-z]{2,}|[Xx][Nn]--[0-9A-Za-z-]+)';
  -- Emoji and other symbols may be in a host, but not in its last part.
  other_top constant text :=
    '[^0-9A-Za-z\u2070-\u2BFF\u30FB\uFE00-\uFE0F\U0001F000-\U0001FFFF' || not_host || ']{2,}';
  host_end constant text := '(?![0-9A-Za-z@+-])(?::[0-9]+)?';

  -- After the host come path, query and fragment, all of the same characters. The
  -- parentheses in them are closed again and may have others inside. Punctuation that
  -- ends the sentence is not part of the link.
  part_character constant text := '[' || tag_characters || '!?*'';:=+,.$/%#\[\]\u2013~@|&-]';
  part_end constant text := '[' || tag_characters || '=_#/+-]';
  parentheses constant text := '\((?:' || part_character || '+|'
    || part_character || '*\(' || part_character || '+\)' || part_character || '*)\)';
  parts constant text :=
    '(?:' || part_character || '|' || parentheses || ')*(?:' || part_end || '|' || parentheses || ')';

  link constant text := '(?<![A-Za-z0-9@＠$#＃\uFEFF\uFFFE\uFFFF])[Hh][Tt][Tt][Pp][Ss]?://'
    || replace(labels, 'h', host) || '(?:' || ascii_top || '|' || other_top || ')' || host_end
    || '(?:/(?:' || parts || ')?|[?#]' || parts || ')?';

  -- It is found in order to be left out: a # in its path does not begin a tag either.
  bare_link constant text := '(?<![A-Za-z0-9@＠$#＃_./' || accented || '-])'
    || replace(labels, 'h', ascii_host) || ascii_top || host_end
    || '/(?:' || parts || ')?';
begin
  return tag || '|' || mention || '|' || link || '|' || bare_link;
end;
$$;

comment on function private.entity_pattern is 'The regular expression of tags, mentions, links, and addresses without http://.';
revoke all on function private.entity_pattern () from public, anon, authenticated, service_role;

create function private.utf16_length(string text)
returns integer
language sql
immutable
parallel safe
security invoker
return char_length(string) + regexp_count(string, '[\U00010000-\U0010FFFF]');

comment on function private.utf16_length is 'How many UTF-16 code units a string has: two for each character beyond U+FFFF.';
revoke all on function private.utf16_length (text) from public, anon, authenticated, service_role;

-- The text stays as it was written, and ranges beside it say where the entities are. With
-- HTML, clients would have to trust it. The ranges count UTF-16 code units, as the strings
-- of JavaScript, Dart, Java, Kotlin and C# do. So text.slice(start, end) is the entity with
-- its sign. (Swift has utf16. In other languages, encode the text and slice it.)
create function private.text_entities(title text, content text)
returns jsonb
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
as $$
declare
  most constant integer := 50;
  mark constant text := chr(1);
  counts jsonb := '{"tag": 0, "mention": 0, "link": 0}';
  entities jsonb[] := '{}';
  field text;
  source text;
  pieces text[];
  piece text;
  is_entity boolean;
  piece_start integer;
  piece_end integer;
  kind text;
  kept integer;
  value text;
begin
  for field, source in values ('title', title), ('content', content) loop
    continue when source is null or source !~ '[#＃@＠]|://';

    -- A mark is put on both sides of every entity. So every second piece is one.
    pieces := string_to_array(
      regexp_replace(translate(source, mark, ' '), private.entity_pattern(), mark || '\&' || mark, 'g'),
      mark
    );
    piece_end := 0;
    is_entity := true;
    foreach piece in array pieces loop
      is_entity := not is_entity;
      piece_start := piece_end;
      piece_end := piece_start + private.utf16_length(piece);
      continue when not is_entity;

      kind := case
        when piece ~ '^[#＃]' then 'tag'
        when piece ~ '^[@＠]' then 'mention'
        when piece ~ '^[A-Za-z]+://' then 'link'
      end;
      kept := counts -> kind;
      continue when kind is null or kept = most;

      value := case kind
        when 'tag' then private.tag_name(piece)
        when 'mention' then substr(piece, 2)
        else piece
      end;
      continue when value is null;

      counts := counts || jsonb_build_object(kind, kept + 1);
      entities := entities || jsonb_build_object(
        'type', kind,
        'field', field,
        'start', piece_start,
        'end', piece_end,
        case kind when 'mention' then 'username' when 'link' then 'url' else 'tag' end, value
      );
    end loop;
  end loop;
  return to_jsonb(entities);
end;
$$;

comment on function private.text_entities is 'The tags, mentions and links in a title and a content, in order, at most 50 of each: [{"type": "tag", "field": "content", "start": 4, "end": 11, "tag": "garden"}], with username (as written) for a mention and url for a link.';
revoke all on function private.text_entities (text, text) from public, anon, authenticated, service_role;
