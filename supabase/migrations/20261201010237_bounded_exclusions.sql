/*
 * A search leaves out at most 20 words, tags and people. Each of more than a hundred was compared in each grammar, which
 * took seconds.
 *
 * Written by comparing the migrations before it with sql/.
 */

-- Earlier versions lack the collation pg_c_utf8, and would accept everything until the
-- first sign-up fails.
do $$
begin
  if current_setting('server_version_num')::integer < 170000 then
    raise exception 'Plaza needs Postgres 17 or newer. This is Postgres %.', current_setting('server_version')
      using hint = 'Upgrade the database first. Nothing was changed.';
  end if;
end;
$$;


SET local check_function_bodies = off;

CREATE OR REPLACE FUNCTION private.read_search (
  query text
)
  RETURNS private.search
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
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
$function$;
