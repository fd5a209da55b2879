/*
 * query
 *
 * How search reads the text that the viewer typed:
 *
 *     quiet garden         both words, in any order
 *     "quiet garden"       side by side, like quiet/garden and the two characters of 東京
 *     quiet or garden      either; a b or c is both of a and b, or c. Tags and authors are like words
 *     -quiet               not this word; also -"…", -#tag and -from:
 *     #garden              a tag
 *     from:alice           her posts
 *     since:2026-01-31     from that day on (UTC)
 *     until:2026-12-31     before that day
 *
 * Search reads all other text as words, and ignores all other signs. No query has wrong
 * syntax.
 */

create function private.search_day(day text)
returns bigint
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
  if day !~ '^\d{4}-\d{2}-\d{2}$' then
    raise sqlstate '22007';
  end if;
  return private.first_id((day || 'T00:00:00Z')::timestamptz);
exception when datetime_field_overflow or invalid_datetime_format then
  raise sqlstate 'PT400' using message = 'A date in a search is written YYYY-MM-DD', detail = 'search_date';
end;
$$;

comment on function private.search_day is 'The id at which a day (UTC) begins.';
revoke all on function private.search_day (text) from public, anon, authenticated, service_role;

-- The language of a post decides the grammar of its words. So the query asks for each word
-- in every grammar that posts have. For words side by side, the query asks the index for
-- the pairs. Then it asks the rows that it found for the words in their order.
create function private.words_query(words text[], grammars text[], out indexed text, out exact text)
language plpgsql
immutable
security invoker
set search_path = ''
as $$
declare
  grammar text;
  word text;
  stems text[];
  last_stems text[];
  phrase text;
  phrases text[] := '{}';
  pairs text;
  all_pairs text[] := '{}';
begin
  foreach grammar in array grammars loop
    last_stems := null;
    phrase := null;
    pairs := null;
    foreach word in array words loop
      stems := private.word_stems(word, grammar);
      -- Each word has one stem or two.
      phrase := coalesce(phrase || ' <-> ', '') || format(
        case when cardinality(stems) = 1 then '''%1$s''' else '(''%1$s'' | ''%2$s'')' end,
        private.stem_lexeme(stems[1], grammar), private.stem_lexeme(stems[2], grammar)
      );
      if last_stems is not null then
        pairs := coalesce(pairs || ' & ', '')
          || '(''' || array_to_string(private.pair_lexemes(last_stems, stems), ''' | ''') || ''')';
      end if;
      last_stems := stems;
    end loop;
    if '(' || phrase || ')' <> all (phrases) then
      phrases := phrases || ('(' || phrase || ')');
    end if;
    if '(' || pairs || ')' <> all (all_pairs) then
      all_pairs := all_pairs || ('(' || pairs || ')');
    end if;
  end loop;

  exact := '(' || array_to_string(phrases, ' | ') || ')';
  indexed := case when pairs is null then exact else '(' || array_to_string(all_pairs, ' | ') || ')' end;
end;
$$;

comment on function private.words_query is 'One word, or several side by side, as two tsqueries in text. indexed is for the index. exact is for the posts that the index finds.';
revoke all on function private.words_query (text[], text[]) from public, anon, authenticated, service_role;

-- A post cannot both have a word and lack it. The index would read many posts before it
-- noticed that.
create function private.all_of(terms text[])
returns text
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
  if exists (select from unnest(terms) as term where '!' || term = any (terms)) then
    return null;
  end if;
  return array_to_string(terms, ' & ');
end;
$$;

comment on function private.all_of is 'All terms together, as a tsquery in text. Null: two terms contradict each other.';
revoke all on function private.all_of (text[]) from public, anon, authenticated, service_role;

create type private.search as (
  wanted    tsquery,
  exact     tsquery,
  from_id   uuid,
  since_id  bigint,
  until_id  bigint,
  terms     text[]
);

comment on type private.search is 'A search. wanted is for the index (null: the search finds nothing). exact is for the posts that the index finds (null: there is no more to ask). from_id is the author (null: all authors). since_id and until_id are the first id and the first id after the last. terms are the terms of wanted, when a post must match all of them (null: it has alternatives).';

-- A piece stands between two quotation marks, which may be of different kinds, or between
-- spaces. A single curly mark also is an apostrophe, so it quotes only around whole words. Marks that
-- nobody sees around a piece come with a copied text and mean nothing.
create function private.search_pieces(query text)
returns table (is_unwanted boolean, is_quoted boolean, piece text)
language sql
immutable
security invoker
rows 10
begin atomic
  select
    coalesce(found.parts[1], found.parts[3]) ~ '^-',
    found.parts[2] is not null,
    coalesce(found.parts[2], ltrim(found.parts[3], '-'))
  from regexp_matches(
    regexp_replace(
      regexp_replace(
        translate(search_pieces.query, '“”„‟«»‹›「」『』＂〝〞〟｢｣《》〈〉❝❞', repeat('"', 24)),
        '(^|[[:space:]])[\u061C\u200B\u200E\u200F\u202A-\u202E\u2060\u2066-\u2069\uFEFF]+'
          '|[\u061C\u200B\u200E\u200F\u202A-\u202E\u2060\u2066-\u2069\uFEFF]+(?=$|[[:space:]])',
        '\1', 'g'
      ),
      '(^|[[:space:]-])[‘‚‛]([^‘’‚‛"]+)[’‘](?=$|[[:space:]])', '\1"\2"', 'g'
    ),
    '(-*)"([^"]*)"?|([^"[:space:]   -​ -  　]+)',
    'g'
  ) as found (parts);
end;

comment on function private.search_pieces is 'The pieces of a query, in order.';
revoke all on function private.search_pieces (text) from public, anon, authenticated, service_role;

create function private.read_search(query text)
returns private.search
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  most_unwanted constant integer := 20;
  grammars text[] := array(select search_grammars.grammar from private.search_grammars union select '');
  tag_start constant text := '^[#＃]([' || private.tag_characters() || '︎️]+)';
  found private.search := (null, null, null, -9223372036854775808, 9223372036854775807, null);
  alternatives text[] := '{}';
  index_alternatives text[] := '{}';
  from_ids uuid[] := '{}';
  terms text[] := '{}';         -- in the current alternative
  index_terms text[] := '{}';   -- the same for the index, which cannot answer all of them
  from_id uuid;
  wants boolean := false;       -- the current alternative wants a word, a tag or an author
  is_nothing boolean := false;  -- nobody has that name, or no post can have that tag
  unwanted integer := 0;
  said record;
  value text;
  author_id uuid;
  words text[];
  asked record;
  is_vague boolean;             -- an alternative wants nothing; null: there is none
begin
  -- One sign may stand for a whole phrase. So the letters that it stands for count.
  if coalesce(char_length(normalize(query, nfkc)), 0) not between 1 and 500 then
    raise sqlstate 'PT400' using message = 'A search has 1 to 500 characters', detail = 'search_query';
  end if;

  -- The last alternative ends like the others.
  for said in select * from private.search_pieces(query) union all values (false, false, 'or') loop
    -- Each post that has the wanted words is compared with all of them, in each grammar.
    if said.is_unwanted and said.piece <> '' then
      unwanted := unwanted + 1;
      if unwanted > most_unwanted then
        raise sqlstate 'PT400' using
          message = 'A search leaves out at most 20 words, tags and people', detail = 'search_query';
      end if;
    end if;

    if said.is_quoted then
      words := private.search_words(said.piece);

    elsif lower(said.piece) = 'or' and not said.is_unwanted then
      continue when not wants and terms = '{}';
      is_vague := coalesce(is_vague, false) or not wants;
      value := private.all_of(terms);
      if value <> '' and not is_nothing then
        alternatives := alternatives || value;
        index_alternatives := index_alternatives || array_to_string(index_terms, ' & ');
        from_ids := from_ids || from_id;
        found.terms := index_terms;
      end if;
      terms := '{}';
      index_terms := '{}';
      from_id := null;
      wants := false;
      is_nothing := false;
      continue;

    elsif said.piece ~* '^since:.' and not said.is_unwanted then
      found.since_id := greatest(found.since_id, private.search_day(substr(said.piece, 7)));
      continue;

    elsif said.piece ~* '^until:.' and not said.is_unwanted then
      found.until_id := least(found.until_id, private.search_day(substr(said.piece, 7)));
      continue;

    elsif said.piece ~* '^from:@?[^@]' then
      -- A hidden person is nobody, like a deleted account.
      select profiles.id into author_id
      from public.profiles
      where lower(profiles.username) = lower(regexp_replace(said.piece, '^from:@?', '', 'i'))
        and profiles.id not in (select private.hidden_ids((select auth.uid())));
      value := case when said.is_unwanted then '!' else '' end || format('''from:%s''', author_id);
      if not said.is_unwanted then
        wants := true;
        is_nothing := is_nothing or author_id is null or coalesce(from_id <> author_id, false);
        from_id := author_id;
      end if;
      if author_id is not null then
        terms := terms || value;
        index_terms := index_terms || value;
      end if;
      continue;

    else
      -- A tag ends at the first character that it cannot have. The rest is read as words.
      value := (regexp_match(said.piece, tag_start))[1];
      if value is not null then
        value := private.tag_name(value);
        if not said.is_unwanted then
          wants := true;
          is_nothing := is_nothing or value is null;
        end if;
        if value is not null then
          value := case when said.is_unwanted then '!' else '' end || format('''#%s''', value);
          terms := terms || value;
          index_terms := index_terms || value;
        end if;
        said.is_unwanted := false;
      end if;
      words := private.search_words(regexp_replace(said.piece, tag_start, ''));
    end if;

    if cardinality(words) > 0 then
      asked := private.words_query(words, grammars);
      terms := terms || (case when said.is_unwanted then '!' else '' end || asked.exact);
      -- A post may have all pairs of an unwanted phrase, but not the phrase itself. So the
      -- index cannot exclude it.
      if not said.is_unwanted then
        index_terms := index_terms || asked.indexed;
      elsif cardinality(words) = 1 then
        index_terms := index_terms || ('!' || asked.indexed);
      end if;
      wants := wants or not said.is_unwanted;
    end if;
  end loop;

  if is_vague is not false then
    raise sqlstate 'PT400' using
      message = 'Search for a word, a #tag or from:somebody', detail = 'search_query';
  end if;
  if cardinality(alternatives) > 0 then
    found.wanted := ('(' || array_to_string(index_alternatives, ' | ') || ')')::tsquery;
    if alternatives <> index_alternatives then
      found.exact := array_to_string(alternatives, ' | ')::tsquery;
    end if;
    if from_ids[1] = all (from_ids) then
      found.from_id := from_ids[1];
    end if;
  end if;
  if cardinality(alternatives) > 1 then
    found.terms := null;
  end if;
  return found;
end;
$$;

comment on function private.read_search is 'Reads the query of a search. Raises the error PT400 if the query asks for nothing.';
revoke all on function private.read_search (text) from public, anon, authenticated, service_role;
