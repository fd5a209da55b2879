/*
 * words
 *
 * How search finds the words of a text, and which words it treats as the same. Search
 * folds names and posts with the same function.
 */

-- Accents fold: o finds ó, and ó finds o. Unicode cannot split some letters, such as ø, so
-- they are listed here. A Greek ς at the end of a word is a σ, as it is in capitals. The vowel
-- points of Hebrew and Arabic are removed too, and the marks that look like an apostrophe but are
-- letters, as in Hawaiʻi. At the end the characters are composed again, so a Korean syllable stays
-- one character.
create function private.folded(words text)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
as $$
begin
  return normalize(replace(replace(replace(replace(
    translate(
      lower(regexp_replace(
        normalize(words, nfkd),
        '[\u02bb-\u02bd\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u065f\u0670]', '', 'g'
      ) collate pg_catalog.pg_c_utf8),
      'łøđħıŋŧς', 'lodhintσ'
    ),
    'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'), nfkc);
end;
$$;

comment on function private.folded is 'A text without capitals and accents.';
revoke all on function private.folded (text) from public, anon, authenticated, service_role;

-- Chinese, Japanese, Thai, Lao, Khmer and Burmese have no spaces between words. Korean has
-- none before the endings of a word. Every emoji is a word too.
create function private.lone_characters()
returns text
language sql
immutable
parallel safe
security invoker
return '\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff'
  '\uf900-\ufaff\U00020000-\U0003134f'
  '\u1100-\u11ff\uac00-\ud7a3'
  '\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46\u0e80-\u0eb0\u0eb2\u0eb3\u0ebd-\u0ec6\u0edc-\u0edf'
  '\u1000-\u102a\u103f\u1050-\u1055\u105a-\u105d\u1061\u1065\u1066\u106e-\u1070\u1075-\u1081\u108e'
  '\ua9e0-\ua9e4\ua9e6-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa7a\uaa7e\uaa7f\u1780-\u17b3'
  '\u231a\u231b\u23e9-\u23fa\u2600-\u27bf\u2b50\u2b55\U0001f000-\U0001faff';

comment on function private.lone_characters is 'The characters that search treats as one word each. The text goes into the brackets of a regular expression.';
revoke all on function private.lone_characters () from public, anon, authenticated, service_role;

/*
 * The words of a text, in order. A word is a run of letters, marks and digits. Every other
 * character separates words, so Alpha/Beta is two words. A lone character keeps the marks
 * that follow it. Full-width letters are letters. Joiners and variation selectors are
 * removed, because people seldom type them.
 */
create function private.search_words(words text)
returns text[]
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
as $$
begin
  return array_remove(
    regexp_split_to_array(
      regexp_replace(
        regexp_replace(
          lower(normalize(search_words.words, nfkc) collate pg_catalog.pg_c_utf8),
          '[\u00ad\u200c\u200d\u2060\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]', '', 'g'
        ),
        '([' || private.lone_characters() || ']'
          '[\u3099\u309a\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e'
          '\u1056-\u1059\u105e-\u1060\u1062-\u1064\u1067-\u106d\u1071-\u1074\u1082-\u108d\u108f\u109a-\u109d'
          '\ua9e5\uaa7b-\uaa7d\u17b4-\u17d3\u17dd]*)',
        ' \1 ', 'g'
      ),
      '(?:[^' || private.tag_characters() || private.lone_characters() || ']'
        '|[_\u00b7\u05be\u05f3\u05f4\u0f0b\u0f0c\u3003\u301c\u309b\u309c\u30a0\u30fb\ua67e\uff5e])+'
    ),
    ''
  );
end;
$$;

comment on function private.search_words is 'The words of a text, in order and in lower case.';
revoke all on function private.search_words (text) from public, anon, authenticated, service_role;

-- Grammar --------------------------------------------------------------------

-- Norwegian has three codes and one grammar.
create function private.grammar_of(language text)
returns text
language sql
immutable
parallel safe
security invoker
return case
  when split_part(lower(grammar_of.language), '-', 1) in (
    'ar', 'ca', 'da', 'de', 'el', 'en', 'es', 'eu', 'fi', 'fr', 'ga', 'hi', 'hu', 'hy', 'id', 'it', 'lt',
    'ne', 'nl', 'no', 'pt', 'ro', 'ru', 'sr', 'sv', 'ta', 'tr', 'yi'
  ) then split_part(lower(grammar_of.language), '-', 1)
  when split_part(lower(grammar_of.language), '-', 1) in ('nb', 'nn') then 'no'
  else ''
end;

comment on function private.grammar_of is 'The grammar for the words of a language, as two letters. Empty: search compares words as they are written.';
revoke all on function private.grammar_of (text) from public, anon, authenticated, service_role;

-- Postgres has no stem for a very common word. Then the word is its own stem, so that
-- people can find The Who. Latin words in a Russian or Hindi text have the English grammar.
create function private.stem_of(word text, grammar text)
returns text
language sql
immutable
parallel safe
security invoker
return coalesce(
  (ts_lexize(
    case stem_of.grammar
      when 'ar' then 'pg_catalog.arabic_stem'::regdictionary
      when 'ca' then 'pg_catalog.catalan_stem'::regdictionary
      when 'da' then 'pg_catalog.danish_stem'::regdictionary
      when 'de' then 'pg_catalog.german_stem'::regdictionary
      when 'el' then 'pg_catalog.greek_stem'::regdictionary
      when 'en' then 'pg_catalog.english_stem'::regdictionary
      when 'es' then 'pg_catalog.spanish_stem'::regdictionary
      when 'eu' then 'pg_catalog.basque_stem'::regdictionary
      when 'fi' then 'pg_catalog.finnish_stem'::regdictionary
      when 'fr' then 'pg_catalog.french_stem'::regdictionary
      when 'ga' then 'pg_catalog.irish_stem'::regdictionary
      when 'hi' then case when stem_of.word ~ '^[a-z]+$'
        then 'pg_catalog.english_stem'::regdictionary else 'pg_catalog.hindi_stem'::regdictionary end
      when 'hu' then 'pg_catalog.hungarian_stem'::regdictionary
      when 'hy' then 'pg_catalog.armenian_stem'::regdictionary
      when 'id' then 'pg_catalog.indonesian_stem'::regdictionary
      when 'it' then 'pg_catalog.italian_stem'::regdictionary
      when 'lt' then 'pg_catalog.lithuanian_stem'::regdictionary
      when 'ne' then 'pg_catalog.nepali_stem'::regdictionary
      when 'nl' then 'pg_catalog.dutch_stem'::regdictionary
      when 'no' then 'pg_catalog.norwegian_stem'::regdictionary
      when 'pt' then 'pg_catalog.portuguese_stem'::regdictionary
      when 'ro' then 'pg_catalog.romanian_stem'::regdictionary
      when 'ru' then case when stem_of.word ~ '^[a-z]+$'
        then 'pg_catalog.english_stem'::regdictionary else 'pg_catalog.russian_stem'::regdictionary end
      when 'sr' then 'pg_catalog.serbian_stem'::regdictionary
      when 'sv' then 'pg_catalog.swedish_stem'::regdictionary
      when 'ta' then 'pg_catalog.tamil_stem'::regdictionary
      when 'tr' then 'pg_catalog.turkish_stem'::regdictionary
      when 'yi' then 'pg_catalog.yiddish_stem'::regdictionary
    end,
    stem_of.word
  ))[1],
  stem_of.word
);

comment on function private.stem_of is 'The stem that a grammar has for a word in lower case.';
revoke all on function private.stem_of (text, text) from public, anon, authenticated, service_role;

/*
 * Two words are the same if they share a stem. A word with an accent has two stems if the
 * grammar treats the folded word in another way:
 *
 *   - the folded stem. The other forms of the word have it too
 *   - the stem of the folded word. It is what a person without accents types
 *
 * Lone characters and numbers have no grammar. Search compares only the beginning of a
 * very long word.
 */
create function private.word_stems(word text, grammar text)
returns text[]
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
as $$
declare
  cut text := left(word_stems.word, 100);
  folded text;
  stem text;
begin
  if octet_length(cut) = char_length(cut) then
    return array[private.stem_of(cut, grammar)];
  end if;
  folded := left(private.folded(cut), 100);
  if grammar = '' or cut ~ ('^[' || private.lone_characters() || ']') then
    return array[folded];
  end if;
  stem := private.folded(private.stem_of(cut, grammar));
  folded := private.stem_of(folded, grammar);
  return case when stem = folded then array[stem] else array[stem, folded] end;
end;
$$;

comment on function private.word_stems is 'The one or two stems that a grammar has for a word.';
revoke all on function private.word_stems (text, text) from public, anon, authenticated, service_role;

-- A stem belongs to a grammar: the German stem run is not the English stem run. Lone
-- characters and numbers belong to no grammar.
create function private.stem_lexeme(stem text, grammar text)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
as $$
begin
  return case
    when grammar = '' or stem ~ '^[0-9]+$' then ':' || stem
    when octet_length(stem) > char_length(stem) and stem ~ ('^[' || private.lone_characters() || ']') then ':' || stem
    else grammar || ':' || stem
  end;
end;
$$;

comment on function private.stem_lexeme is 'A stem as the index of posts holds it.';
revoke all on function private.stem_lexeme (text, text) from public, anon, authenticated, service_role;

-- The index does not know which words stand side by side. So it also holds each pair of
-- neighbours, as one of a million numbers. Then search looks "the who" up in the index,
-- and need not read every post that has both words.
create function private.pair_lexemes(stems text[], next_stems text[])
returns text[]
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
as $$
declare
  lexemes text[] := '{}';
  one text;
  other text;
begin
  foreach one in array stems loop
    foreach other in array next_stems loop
      lexemes := lexemes || ('+' || to_hex(hashtextextended(one || ' ' || other, 0) & 1048575));
    end loop;
  end loop;
  return lexemes;
end;
$$;

comment on function private.pair_lexemes is 'Two neighbouring words as the index of posts holds them.';
revoke all on function private.pair_lexemes (text[], text[]) from public, anon, authenticated, service_role;
