/**
 * The questions to the catalog. Each returns one JSON value. They run with an empty
 * search_path, so every type and expression comes back with its schema.
 * $1 is the array of exposed schemas, $2 is the array of the extra search path.
 */

/**
 * The name of a type. If it is a domain, the name of the type below it and below its base domains. With `offset 0`
 * Postgres looks the next type up in the index. It would read all types instead.
 */
const baseOf = (type: string, shown = "typname") => `
  (with recursive bases as (
    select b.oid, b.typname, b.typbasetype from pg_type b where b.oid = ${type}
    union all
    select below.* from bases cross join lateral (
      select b.oid, b.typname, b.typbasetype from pg_type b where b.oid = bases.typbasetype offset 0) below
  ) select ${shown} from bases where typbasetype = 0)`;

/**
 * Functions that take a row and are read like columns: their names, with the type they return, by the type of
 * the row. There is no index for it, so a query reads pg_proc once for all types.
 */
const computedByType = `
  computed as materialized (
    select p.proargtypes[0] as row_type,
      json_agg(json_build_array(p.proname, ${baseOf("p.prorettype")}) order by p.oid) as functions
    from pg_proc p
    join pg_type row_types on row_types.oid = p.proargtypes[0] and row_types.typtype = 'c'
    where p.pronargs = 1
    group by p.proargtypes[0]
  )`;
const computedOf = (rowType: string) =>
  `coalesce((select functions from computed where row_type = ${rowType}), '[]')`;

/** What `comment on` says. Postgres has functions for it, which take ten times as long, because each call starts a query. */
const commentOn = (oid: string, catalog: string, part = "0") => `
  (select description from pg_description
    where objoid = ${oid} and classoid = '${catalog}'::regclass and objsubid = ${part})`;

const columnsOf = (relation: string) => `
  (select coalesce(json_agg(json_build_object(
      'name', a.attname,
      'type', format_type(a.atttypid, a.atttypmod),
      'format', format_type(a.atttypid, null),
      'base', case when t.typtype = 'd' then ${baseOf("t.oid")} else t.typname end,
      'baseFormat', case when t.typtype = 'd' then ${baseOf("t.oid", "format_type(oid, null)")}
        else format_type(a.atttypid, null) end,
      'nullable', not (a.attnotnull or t.typtype = 'd' and t.typnotnull),
      'default', case
        when a.attidentity = 'd' then (
          select format('nextval(%L::regclass)', d.objid::regclass)
          from pg_depend d
          where d.refobjid = a.attrelid and d.refobjsubid = a.attnum
            and d.deptype = 'i' and d.classid = 'pg_class'::regclass
          limit 1)
        when a.attgenerated <> '' then null
        when ad.adbin is not null then pg_get_expr(ad.adbin, ad.adrelid)
        when t.typtype = 'd' then pg_get_expr(t.typdefaultbin, 0)
      end,
      'maxLength', case when a.atttypmod > 4 and t.typname in ('varchar', 'bpchar') then a.atttypmod - 4 end,
      'enumValues', coalesce(
        (select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e
         where e.enumtypid = coalesce(bt.oid, t.oid)), '[]'),
      'description', ${commentOn("a.attrelid", "pg_class", "a.attnum")}
    ) order by a.attnum), '[]')
   from pg_attribute a
   join pg_type t on t.oid = a.atttypid
   left join pg_type bt on t.typtype = 'd' and bt.oid = t.typbasetype
   left join pg_attrdef ad on ad.adrelid = a.attrelid and ad.adnum = a.attnum
   where a.attrelid = ${relation} and a.attnum > 0 and not a.attisdropped)`;

/** Tables and views of the exposed schemas. */
export const tablesQuery = `
  with ${computedByType}
  select coalesce(json_agg(json_build_object(
    'oid', c.oid::int8, 'schema', n.nspname, 'name', c.relname,
    'isView', c.relkind in ('v', 'm'),
    'insertable', c.relkind in ('r', 'p')
      or c.relkind in ('v', 'f') and pg_relation_is_updatable(c.oid, true) & 8 = 8,
    'updatable', c.relkind in ('r', 'p')
      or c.relkind in ('v', 'f') and pg_relation_is_updatable(c.oid, true) & 4 = 4,
    'deletable', c.relkind in ('r', 'p')
      or c.relkind in ('v', 'f') and pg_relation_is_updatable(c.oid, true) & 16 = 16,
    'description', ${commentOn("c.oid", "pg_class")},
    'columns', ${columnsOf("c.oid")},
    'computed', ${computedOf("c.reltype")}
  )), '[]')::text as value
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'v', 'm', 'f', 'p') and not c.relispartition and n.nspname = any($1)`;

/** Primary, unique and foreign keys of all schemas, because a view may show a table that is not exposed. */
export const keysQuery = `
  select coalesce(json_agg(json_build_object(
    'name', k.conname, 'kind', k.contype,
    'table', k.conrelid::int8, 'tableSchema', n.nspname, 'tableName', c.relname,
    'foreign', k.confrelid::int8, 'foreignSchema', fn.nspname, 'foreignName', f.relname,
    'numbers', k.conkey, 'foreignNumbers', coalesce(k.confkey, '{}'),
    'columns', (select json_agg(a.attname order by u.ord) from unnest(k.conkey) with ordinality u (num, ord)
      join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.num),
    'foreignColumns', coalesce((select json_agg(a.attname order by u.ord)
      from unnest(k.confkey) with ordinality u (num, ord)
      join pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.num), '[]')
  ) order by k.conrelid, k.conname), '[]')::text as value
  from pg_constraint k
  join pg_class c on c.oid = k.conrelid
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_class f on f.oid = k.confrelid
  left join pg_namespace fn on fn.oid = f.relnamespace
  where k.contype in ('p', 'u', 'f') and k.conparentid = 0
    and n.nspname not in ('pg_catalog', 'information_schema')`;

/** Views with their rewrite rules, read by views.ts. */
export const viewsQuery = `
  select coalesce(json_agg(json_build_object(
    'oid', c.oid::int8, 'schema', n.nspname, 'name', c.relname,
    'columns', (select json_object_agg(a.attnum, a.attname) from pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
    'rule', r.ev_action::text
  )), '[]')::text as value
  from pg_rewrite r
  join pg_class c on c.oid = r.ev_class
  join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('v', 'm') and r.rulename = '_RETURN' and n.nspname = any($1::text[] || $2::text[])`;

/** Computed relationships: functions that take one row and return rows. */
export const computedQuery = `
  select coalesce(json_agg(json_build_object(
    'schema', n.nspname, 'name', p.proname,
    'tableSchema', an.nspname, 'tableName', a.relname,
    'foreignSchema', rn.nspname, 'foreignName', r.relname,
    'single', not p.proretset or p.prorows = 1
  )), '[]')::text as value
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  join pg_class a on a.reltype = p.proargtypes[0] and a.relkind in ('r', 'v', 'm', 'f', 'p')
  join pg_namespace an on an.oid = a.relnamespace
  join pg_class r on r.reltype = p.prorettype and r.relkind in ('r', 'v', 'm', 'f', 'p')
  join pg_namespace rn on rn.oid = r.relnamespace
  where p.pronargs = 1 and an.nspname = any($1) and rn.nspname = any($1)`;

/** Functions of the exposed schemas that can be called with named arguments or with a single unnamed one. */
export const routinesQuery = `
  with recursive bases as (
    select oid, oid as base, typbasetype from pg_type
    union all
    select b.oid, t.oid, t.typbasetype from bases b join pg_type t on t.oid = b.typbasetype
  ),
  ${computedByType},
  exposed as materialized (
    select p.*
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    where p.prokind = 'f' and n.nspname = any($1)
  ),
  -- Many functions return the same rows.
  results as materialized (
    select rc.oid, ${columnsOf("rc.oid")} as columns
    from pg_class rc
    where rc.oid in (
      select t.typrelid
      from exposed p
      join bases b on b.oid = p.prorettype and b.typbasetype = 0
      join pg_type t on t.oid = b.base)
  ),
  inputs as (
    select p.oid, u.ord, u.type, coalesce(names.name, '') as name, modes.mode,
      p.pronargs - p.pronargdefaults as needed,
      row_number() over (partition by p.oid order by u.ord) as position
    from exposed p
    cross join lateral unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality u (type, ord)
    left join lateral (select p.proargnames[u.ord] as name) names on true
    left join lateral (select coalesce(p.proargmodes[u.ord], 'i') as mode) modes on true
    where modes.mode in ('i', 'b', 'v')
  ),
  arguments as (
    select i.oid,
      json_agg(json_build_object(
        'name', i.name,
        'type', format_type(i.type, null),
        'castType', case i.type
          when 'bit'::regtype then 'bit varying' when 'bit[]'::regtype then 'bit varying[]'
          when 'bpchar'::regtype then 'character varying' when 'bpchar[]'::regtype then 'character varying[]'
          else format_type(i.type, null) end,
        'required', i.position <= i.needed,
        'variadic', i.mode = 'v'
      ) order by i.ord) as parameters,
      count(*) filter (where i.name = '') = 0
        or count(*) = 1 and bool_and(i.type in
          ('bytea'::regtype, 'json'::regtype, 'jsonb'::regtype, 'text'::regtype, 'xml'::regtype)) as callable
    from inputs i
    group by i.oid
  )
  select coalesce(json_agg(json_build_object(
    'oid', p.oid::int8, 'schema', n.nspname, 'name', p.proname,
    'description', ${commentOn("p.oid", "pg_proc")},
    'parameters', coalesce(a.parameters, '[]'),
    'volatility', case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
    'returnsSet', p.proretset,
    'returnsRows', t.typtype = 'c' or coalesce(p.proargmodes::text[] && '{t,b,o}', false),
    'returnsVoid', t.oid = 'void'::regtype,
    'resultSchema', tn.nspname, 'resultName', coalesce(rc.relname, t.typname),
    'resultType', format_type(p.prorettype, null),
    'resultColumns', case
      when p.proargmodes::text[] && '{t,b,o}' then (
        select json_agg(json_build_object(
          'name', coalesce(nullif(p.proargnames[u.ord], ''), 'column' || u.ord),
          'type', format_type(u.type, null), 'format', format_type(u.type, null), 'base', ut.typname,
          'baseFormat', ${baseOf("u.type", "format_type(oid, null)")},
          'nullable', true, 'default', null, 'maxLength', null, 'enumValues', '[]'::json, 'description', null
        ) order by u.ord)
        from unnest(p.proallargtypes) with ordinality u (type, ord)
        join pg_type ut on ut.oid = u.type
        where p.proargmodes[u.ord] in ('t', 'b', 'o'))
      when t.typtype = 'c' then (select columns from results where oid = rc.oid)
      else '[]' end,
    'resultComputed', case when t.typtype = 'c' then ${computedOf("t.oid")} else '[]' end,
    'settings', coalesce((
      select json_agg(json_build_array(
        split_part(s, '=', 1), substr(s, strpos(s, '=') + 1)))
      from unnest(p.proconfig) s
      where split_part(s, '=', 1) in ('statement_timeout', 'plan_filter.statement_cost_limit')), '[]')
  ) order by p.oid), '[]')::text as value
  from exposed p
  join pg_namespace n on n.oid = p.pronamespace
  join bases b on b.oid = p.prorettype and b.typbasetype = 0
  join pg_type t on t.oid = b.base
  join pg_namespace tn on tn.oid = t.typnamespace
  left join pg_class rc on rc.oid = t.typrelid
  left join arguments a on a.oid = p.oid
  where t.oid not in ('trigger'::regtype, 'event_trigger'::regtype) and coalesce(a.callable, true)`;

/** The row types of the exposed schemas, by their names as types. A type without a table has its columns here. */
export const compositesQuery = `
  select coalesce(json_object_agg(format_type(t.oid, null), json_build_object(
    'schema', n.nspname, 'name', c.relname,
    'description', coalesce(${commentOn("t.oid", "pg_type")}, ${commentOn("c.oid", "pg_class")}),
    'columns', case when c.relkind = 'c' then ${columnsOf("c.oid")} else '[]' end
  )), '{}')::text as value
  from pg_type t
  join pg_class c on c.oid = t.typrelid
  join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('c', 'r', 'v', 'm', 'f', 'p') and n.nspname = any($1)`;

/** Types that a cast in select may name. */
export const typesQuery = `
  select coalesce(json_object_agg(lower(t.typname), format('%I.%I', n.nspname, t.typname)
    order by array_position('{pg_catalog}'::text[] || $1::text[] || $2::text[], n.nspname::text) desc), '{}')::text as value
  from pg_type t
  join pg_namespace n on n.oid = t.typnamespace
  where n.nspname = any('{pg_catalog}'::text[] || $1::text[] || $2::text[]) and t.typtype in ('b', 'c', 'd', 'e', 'r', 'm')`;

/**
 * Data representations: implicit casts by a function between a domain and JSON or text. Each has the
 * names of both types, as `format` has them, and the function as SQL.
 * https://docs.postgrest.org/en/stable/references/api/domain_representations.html
 */
export const representationsQuery = `
  select coalesce(json_agg(json_build_array(
    format_type(c.castsource, null), format_type(c.casttarget, null), format('%I.%I', n.nspname, p.proname)
  )), '[]')::text as value
  from pg_cast c
  join pg_type source on source.oid = c.castsource
  join pg_type target on target.oid = c.casttarget
  join pg_proc p on p.oid = c.castfunc
  join pg_namespace n on n.oid = p.pronamespace
  where c.castcontext = 'i' and c.castmethod = 'f' and has_function_privilege(c.castfunc, 'execute')
    and (source.typtype = 'd' and c.casttarget in ('json'::regtype, 'text'::regtype)
      or target.typtype = 'd' and c.castsource in ('json'::regtype, 'text'::regtype))`;

/**
 * Media type handlers: what returns a domain that is named after a media type. It is a function, whose
 * result is the body, or an aggregate over the rows of a table or over any rows.
 * https://docs.postgrest.org/en/stable/references/api/media_type_handlers.html
 */
export const handlersQuery = `
  select coalesce(json_agg(json_build_object(
    'media', lower(d.typname), 'base', ${baseOf("d.oid")},
    'aggregate', case when p.prokind = 'a' then json_build_object('schema', n.nspname, 'name', p.proname) end,
    'target', case
      when p.prokind = 'f' then json_build_object('schema', n.nspname, 'name', p.proname)
      when a.typname <> 'anyelement' then json_build_object('schema', an.nspname, 'name', a.typname) end
  )), '[]')::text as value
  from pg_type d
  join pg_proc p on p.prorettype = d.oid and p.pronamespace in (select oid from pg_namespace where nspname = any($1))
  join pg_namespace n on n.oid = p.pronamespace
  left join pg_type a on a.oid = p.proargtypes[0]
  left join pg_namespace an on an.oid = a.typnamespace
  where d.typtype = 'd' and (d.typname ~* '^[a-z0-9.-]+/[a-z0-9.+-]+$' or d.typname = '*/*')
    and (p.prokind = 'f' and not p.proretset
      or p.prokind = 'a' and p.pronargs = 1 and (a.typname = 'anyelement' or a.typtype = 'c'))`;

/** Settings of the roles that the API may become, applied to each of their requests. */
export const rolesQuery = `
  select coalesce(json_agg(json_build_object(
    'role', r.rolname, 'own', r.rolname = current_user, 'settings', (
      select json_agg(json_build_array(split_part(s, '=', 1), substr(s, strpos(s, '=') + 1)))
      from unnest(d.setconfig) s)
  ) order by d.setdatabase), '[]')::text as value
  from pg_db_role_setting d
  join pg_roles r on r.oid = d.setrole
  where pg_has_role(current_user, r.oid, 'member')
    and d.setdatabase in (0, (select oid from pg_database where datname = current_database()))`;

/** Which settings the login role may change. */
export const changeableQuery = `
  select coalesce(json_agg(name), '[]')::text as value
  from pg_settings
  where context = 'user' or has_parameter_privilege(current_user, name, 'set')`;

export const schemaCommentsQuery = `
  select coalesce(json_object_agg(nspname, ${commentOn("oid", "pg_namespace")}), '{}')::text as value
  from pg_namespace where nspname = any($1)`;
