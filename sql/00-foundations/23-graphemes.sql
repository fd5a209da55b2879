/*
 * graphemes
 *
 * Cuts a text without splitting what people see as one character: a letter with its
 * accents, an emoji with its skin colour, a family, a flag, a syllable.
 *
 * The rules are those of Unicode (UAX #29, extended grapheme clusters, version 17);
 * tests/database/characters.test.ts compares them with Intl.Segmenter. There are three
 * differences, which touch no language and no emoji:
 *
 *   - All symbols, not only emoji, hold together around a joiner (U+200D).
 *   - A sign that is written before a letter (Prepend) does not hold on to it.
 *   - A vowel sign does not part two consonants and their virama, or two symbols and their joiner.
 */

create function private.grapheme_pattern()
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
as $$
declare
  -- A cluster may end with these characters: Extend and SpacingMark. The non-joiner and
  -- the joiner also belong to them. They are added below, where they are allowed.
  marks constant text :=
    '\u0300-\u036F\u0483-\u0489\u0591-\u05BD\u05BF\u05C1\u05C2\u05C4\u05C5\u05C7\u0610-\u061A'
    '\u064B-\u065F\u0670\u06D6-\u06DC\u06DF-\u06E4\u06E7\u06E8\u06EA-\u06ED\u0711\u0730-\u074A'
    '\u07A6-\u07B0\u07EB-\u07F3\u07FD\u0816-\u0819\u081B-\u0823\u0825-\u0827\u0829-\u082D'
    '\u0859-\u085B\u0897-\u089F\u08CA-\u08E1\u08E3-\u0903\u093A-\u093C\u093E-\u094F\u0951-\u0957'
    '\u0962\u0963\u0981-\u0983\u09BC\u09BE-\u09CD\u09D7\u09E2\u09E3\u09FE-\u0A03\u0A3C-\u0A51'
    '\u0A70\u0A71\u0A75\u0A81-\u0A83\u0ABC\u0ABE-\u0ACD\u0AE2\u0AE3\u0AFA-\u0B03\u0B3C'
    '\u0B3E-\u0B57\u0B62\u0B63\u0B82\u0BBE-\u0BCD\u0BD7\u0C00-\u0C04\u0C3C\u0C3E-\u0C56'
    '\u0C62\u0C63\u0C81-\u0C83\u0CBC\u0CBE-\u0CD6\u0CE2\u0CE3\u0CF3-\u0D03\u0D3B\u0D3C'
    '\u0D3E-\u0D4D\u0D57\u0D62\u0D63\u0D81-\u0D83\u0DCA-\u0DDF\u0DF2\u0DF3\u0E31\u0E33-\u0E3A'
    '\u0E47-\u0E4E\u0EB1\u0EB3-\u0EBC\u0EC8-\u0ECE\u0F18\u0F19\u0F35\u0F37\u0F39\u0F3E\u0F3F'
    '\u0F71-\u0F84\u0F86\u0F87\u0F8D-\u0FBC\u0FC6\u102D-\u1037\u1039-\u103E\u1056-\u1059'
    '\u105E-\u1060\u1071-\u1074\u1082\u1084-\u1086\u108D\u109D\u135D-\u135F\u1712-\u1715'
    '\u1732-\u1734\u1752\u1753\u1772\u1773\u17B4-\u17D3\u17DD\u180B-\u180D\u180F\u1885\u1886'
    '\u18A9\u1920-\u193B\u1A17-\u1A1B\u1A55-\u1A60\u1A62\u1A65-\u1A7F\u1AB0-\u1B04\u1B34-\u1B44'
    '\u1B6B-\u1B73\u1B80-\u1B82\u1BA1-\u1BAD\u1BE6-\u1BF3\u1C24-\u1C37\u1CD0-\u1CD2\u1CD4-\u1CE8'
    '\u1CED\u1CF4\u1CF7-\u1CF9\u1DC0-\u1DFF\u20D0-\u20F0\u2CEF-\u2CF1\u2D7F\u2DE0-\u2DFF'
    '\u302A-\u302F\u3099\u309A\uA66F-\uA672\uA674-\uA67D\uA69E\uA69F\uA6F0\uA6F1\uA802\uA806'
    '\uA80B\uA823-\uA827\uA82C\uA880\uA881\uA8B4-\uA8C5\uA8E0-\uA8F1\uA8FF\uA926-\uA92D'
    '\uA947-\uA953\uA980-\uA983\uA9B3-\uA9C0\uA9E5\uAA29-\uAA36\uAA43\uAA4C\uAA4D\uAA7C\uAAB0'
    '\uAAB2-\uAAB4\uAAB7\uAAB8\uAABE\uAABF\uAAC1\uAAEB-\uAAEF\uAAF5\uAAF6\uABE3-\uABEA'
    '\uABEC\uABED\uFB1E\uFE00-\uFE0F\uFE20-\uFE2F\uFF9E\uFF9F\U000101FD\U000102E0'
    '\U00010376-\U0001037A\U00010A01-\U00010A0F\U00010A38-\U00010A3F\U00010AE5\U00010AE6'
    '\U00010D24-\U00010D27\U00010D69-\U00010D6D\U00010EAB\U00010EAC\U00010EFA-\U00010EFF'
    '\U00010F46-\U00010F50\U00010F82-\U00010F85\U00011000-\U00011002\U00011038-\U00011046'
    '\U00011070\U00011073\U00011074\U0001107F-\U00011082\U000110B0-\U000110BA\U000110C2'
    '\U00011100-\U00011102\U00011127-\U00011134\U00011145\U00011146\U00011173'
    '\U00011180-\U00011182\U000111B3-\U000111C0\U000111C9-\U000111CC\U000111CE\U000111CF'
    '\U0001122C-\U00011237\U0001123E\U00011241\U000112DF-\U000112EA\U00011300-\U00011303'
    '\U0001133B\U0001133C\U0001133E-\U0001134D\U00011357\U00011362-\U00011374'
    '\U000113B8-\U000113D0\U000113D2\U000113E1\U000113E2\U00011435-\U00011446\U0001145E'
    '\U000114B0-\U000114C3\U000115AF-\U000115C0\U000115DC\U000115DD\U00011630-\U00011640'
    '\U000116AB-\U000116B7\U0001171D-\U0001171F\U00011722-\U0001172B\U0001182C-\U0001183A'
    '\U00011930-\U0001193E\U00011940\U00011942\U00011943\U000119D1-\U000119E0\U000119E4'
    '\U00011A01-\U00011A0A\U00011A33-\U00011A39\U00011A3B-\U00011A3E\U00011A47'
    '\U00011A51-\U00011A5B\U00011A8A-\U00011A99\U00011B60-\U00011B67\U00011C2F-\U00011C3F'
    '\U00011C92-\U00011CB6\U00011D31-\U00011D45\U00011D47\U00011D8A-\U00011D97'
    '\U00011EF3-\U00011EF6\U00011F00\U00011F01\U00011F03\U00011F34-\U00011F42\U00011F5A\U00013440'
    '\U00013447-\U00013455\U0001611E-\U0001612F\U00016AF0-\U00016AF4\U00016B30-\U00016B36'
    '\U00016F4F\U00016F51-\U00016F92\U00016FE4-\U00016FF1\U0001BC9D\U0001BC9E'
    '\U0001CF00-\U0001CF46\U0001D165-\U0001D169\U0001D16D-\U0001D172\U0001D17B-\U0001D182'
    '\U0001D185-\U0001D18B\U0001D1AA-\U0001D1AD\U0001D242-\U0001D244\U0001DA00-\U0001DA36'
    '\U0001DA3B-\U0001DA6C\U0001DA75\U0001DA84\U0001DA9B-\U0001DAAF\U0001E000-\U0001E02A'
    '\U0001E08F\U0001E130-\U0001E136\U0001E2AE\U0001E2EC-\U0001E2EF\U0001E4EC-\U0001E4EF'
    '\U0001E5EE\U0001E5EF\U0001E6E3\U0001E6E6\U0001E6EE\U0001E6EF\U0001E6F5\U0001E8D0-\U0001E8D6'
    '\U0001E944-\U0001E94A\U0001F3FB-\U0001F3FF\U000E0020-\U000E01EF';
  ends constant text := '[\u200C\u200D' || marks || ']*';

  -- Each of them is a cluster of its own.
  controls constant text :=
    '\u0001-\u001F\u007F-\u009F\u00AD\u061C\u180E\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F'
    '\uFEFF\uFFF0-\uFFFB\U00013430-\U0001343F\U0001BCA0-\U0001BCA3\U0001D173-\U0001D17A'
    '\U000E0000-\U000E001F\U000E0080-\U000E00FF\U000E01F0-\U000E0FFF';

  -- Hangul: leading consonants, vowels, trailing consonants. Every 28th of the whole
  -- syllables is an open one: it has no trailing consonant, so more vowels may follow.
  leads constant text := '[\u1100-\u115F\uA960-\uA97C]';
  vowels constant text := '[\u1160-\u11A7\uD7B0-\uD7C6\U00016D63\U00016D67-\U00016D6A]';
  trails constant text := '[\u11A8-\u11FF\uD7CB-\uD7FB]';
  open_syllable constant text := '[' || (
    select string_agg(chr(44032 + 28 * n), '') from generate_series(0, 398) as n
  ) || ']';
  hangul constant text := leads || '*(?:' || vowels || '+|' || open_syllable || vowels || '*|[\uAC00-\uD7A3])'
    || trails || '*|' || leads || '+|' || trails || '+';

  flag constant text := '[\U0001F1E6-\U0001F1FF]{2}';

  symbol constant text :=
    '[\u00A9\u00AE\u203C-\u20CF\u2100-\u2BFF\u3030\u303D\u3297\u3299'
    '\U0001F000-\U0001F1E5\U0001F200-\U0001F3FA\U0001F400-\U0001FFFD]';
  joined_symbols constant text := symbol || '(?:[\u200C' || marks || ']*\u200D' || symbol || ')*';

  -- Indic consonants. A virama between two of them joins them.
  consonant constant text := '['
    '\u0915-\u0939\u0958-\u095F\u0978-\u097F\u0995-\u09B9\u09DC-\u09DF\u09F0\u09F1\u0A95-\u0AB9'
    '\u0AF9\u0B15-\u0B39\u0B5C-\u0B5F\u0B71\u0C15-\u0C39\u0C58-\u0C5A\u0D15-\u0D3A\u1000-\u102A'
    '\u103F\u1050-\u1055\u105A-\u105D\u1061\u1065\u1066\u106E-\u1070\u1075-\u1081\u108E'
    '\u1780-\u17B3\u1A20-\u1A54\u1B0B\u1B0C\u1B13-\u1B33\u1B45-\u1B4C\u1B83-\u1BA0\u1BAE\u1BAF'
    '\u1BBB-\u1BBD\uA989-\uA98B\uA98F-\uA9B2\uA9E0-\uA9E4\uA9E7-\uA9EF\uA9FA-\uA9FE\uAA60-\uAA6F'
    '\uAA71-\uAA73\uAA7A\uAA7E\uAA7F\uAAE0-\uAAEA\uABC0-\uABDA\U00010A00\U00010A10-\U00010A35'
    '\U00011103-\U00011126\U00011144\U00011147\U00011380-\U000113B5\U00011900-\U0001192F'
    '\U00011A00\U00011A0B-\U00011A32\U00011A50\U00011A5C-\U00011A83\U00011F04-\U00011F33'
    ']';
  virama constant text :=
    '['
    '\u094D\u09CD\u0ACD\u0B4D\u0C4D\u0D4D\u1039\u17D2\u1A60\u1B44\u1BAB\uA9C0\uAAF6\U00010A3F'
    '\U00011133\U000113D0\U0001193E\U00011A47\U00011A99\U00011F42'
    ']';
  conjunct constant text :=
    consonant || '(?:[\u200D' || marks || ']*' || virama || '[\u200D' || marks || ']*' || consonant || ')*';
begin
  return '\r\n|[' || controls || ']|(?:' || hangul || '|' || flag || '|' || joined_symbols || '|' || conjunct
    || '|[^' || controls || '])' || ends;
end;
$$;

comment on function private.grapheme_pattern is 'The regular expression of one grapheme cluster.';
revoke all on function private.grapheme_pattern () from public, anon, authenticated, service_role;

-- Later characters never decide whether two characters belong together. So it is enough to
-- read one character more than fits. The cluster with that character does not fit, and
-- everything before that cluster fits.
create function private.cut(string text, max_characters integer)
returns text
language sql
immutable
parallel safe
security invoker
return case when char_length(string) <= max_characters then string else (
  select left(string, max_characters + 1 - char_length(grapheme.matched[1]))
  from regexp_matches(left(string, max_characters + 1), private.grapheme_pattern(), 'g')
    with ordinality as grapheme (matched, place)
  order by grapheme.place desc
  limit 1
) end;

comment on function private.cut is 'The beginning of a text: as many whole grapheme clusters as fit into max_characters.';
revoke all on function private.cut (text, integer) from public, anon, authenticated, service_role;
