/**
 * The worker's own connection, as the role postgres. It hears of new requests, reads them, and swaps a
 * request that has been sent for its response. It holds a lock, so that only one of several workers on
 * one database works.
 */
import { createSession } from "../database/session.ts";

/** A committed row of `net.http_request_queue`. */
export interface QueuedRequest {
  id: string;
  /** With `id`, these say which row it was. In an extension that is created again, ids start at 1 again. */
  place: string;
  writer: string;
  method: string;
  url: string;
  /** Undefined if the row has something else than an object. A value that is null is not sent. */
  headers: Record<string, string | null> | undefined;
  body: Buffer | null;
  /** Whether the body was left out because it has more than `bodyMaxBytes`. */
  bodyTooLarge: boolean;
  timeoutMs: number;
}

/** A row of `net._http_response`, without the id and the time. */
export interface Response {
  status_code: number | null;
  content_type: string | null;
  headers: Record<string, string> | null;
  content: string | null;
  timed_out: boolean;
  error_msg: string | null;
}

export interface Settings {
  /** The most requests at the same time, from `pg_net.batch_size`. */
  batchSize: number;
  /** The age at which a response is deleted, as an interval, from `pg_net.ttl`. */
  ttl: string;
  version: string;
}

/** Every method throws the error of the driver or the server. */
export interface Store extends AsyncDisposable {
  /**
   * Tells who sends the requests of this database: we (`us`), the real extension (`library`), another
   * worker on our stand-in (`other`), or nobody, because there is no extension (`absent`).
   */
  keeper(): Promise<"us" | "library" | "other" | "absent">;
  /**
   * Names the time since the server's last start or crash. A crash empties the queue, which is unlogged, and
   * ids, transactions and places in the table begin again.
   */
  era(): Promise<string>;
  settings(): Promise<Settings>;
  /**
   * Reads the first requests in the order of their ids, without those that have the ids in `except`. If the
   * extension was dropped, there are none.
   */
  read(except: string[], bounds: ReadBounds): Promise<QueuedRequest[]>;
  /** In one transaction: deletes the requests, and writes their responses. Does nothing for a row that is gone. */
  finish(sent: Sent[]): Promise<void>;
  /** Deletes the oldest responses that are older than `ttl`. @returns how many, at most `expiredMax` */
  expire(ttl: string): Promise<number>;
  /** Gives the connection up at once. */
  cut(cause: Error): void;
}

export interface ReadBounds {
  rowsMax: number;
  /** A body that is larger is left out. */
  bodyMaxBytes: number;
  /** All bodies and headers together. The first request is read in any case. */
  totalMaxBytes: number;
}

export interface Sent {
  request: QueuedRequest;
  response: Response;
}

export interface StoreOptions {
  /** The address of the database, for the role postgres. */
  databaseUrl: string;
  /** Called when a transaction with a request was committed. */
  changed(): void;
  /** Called when somebody asked for a new worker (`net.worker_restart()`). */
  restart(): void;
  /** Called when the connection was lost. */
  lost(): void;
}

/** `net.check_worker_is_up()` looks for this name. */
export const workerName = "pg_net";
export const expiredMax = 1000;
const defaults = { batchSize: 200, ttl: "6 hours" };
const timeouts = { lockMs: 10_000, statementMs: 60_000 };
/** The key of the lock: two numbers that spell `pg_net`. */
const lockKey = "x'70675f'::integer, x'6e6574'::integer";

export function createStore(options: StoreOptions): Store {
  const session = createSession({
    databaseUrl: options.databaseUrl,
    prepare: false,
    name: workerName,
    settings: {
      search_path: "pg_catalog",
      lock_timeout: timeouts.lockMs,
      statement_timeout: timeouts.statementMs,
    },
    notify: (_channel, payload) => (payload === "restart" ? options.restart() : options.changed()),
  });
  void session.whenLost.then(options.lost);
  const { sql } = session;

  return {
    async keeper() {
      // Listen first: otherwise a request after the reading could be missed.
      await sql`listen pg_net`;
      const [row] = await sql`
        select language.lanname = 'c' as library
        from pg_catalog.pg_proc as function
        join pg_catalog.pg_language as language on language.oid = function.prolang
        where function.oid = pg_catalog.to_regprocedure('net.wake()')
      `;
      if (!row) return "absent";
      if (row.library) return "library";
      const [lock] = await sql`
        select (
          exists (
            select
            from pg_catalog.pg_locks
            where locktype = 'advisory' and pid = pg_catalog.pg_backend_pid() and granted
          ) or pg_catalog.pg_try_advisory_lock(${sql.unsafe(lockKey)})
        ) as ours
      `;
      return lock?.ours ? "us" : "other";
    },
    async era() {
      // After a crash, the server starts this process again. The role postgres sees it through pg_monitor.
      const [row] = await sql`
        select backend_start::text as since from pg_catalog.pg_stat_activity where backend_type = 'checkpointer'
      `;
      return row?.since ?? "";
    },
    async settings() {
      const [row] = await sql`
        select
          current_setting('pg_net.batch_size', true) as batch_size,
          case
            when pg_catalog.pg_input_is_valid(current_setting('pg_net.ttl', true), 'interval')
              then current_setting('pg_net.ttl', true)
          end as ttl,
          (select extversion from pg_catalog.pg_extension where extname = 'pg_net') as version
      `;
      const batchSize = /^\d{1,5}$/.test(row?.batch_size ?? "")
        ? Number(row?.batch_size)
        : defaults.batchSize;
      return {
        batchSize: Math.max(batchSize, 1),
        ttl: row?.ttl ?? defaults.ttl,
        version: row?.version ?? "",
      };
    },
    async read(except, { rowsMax, bodyMaxBytes, totalMaxBytes }) {
      const rows = await sql<StoredRequest[]>`
        with head as (
          select id, ctid, xmin, method, url, headers, body, timeout_milliseconds,
            octet_length(body) > ${bodyMaxBytes}::bigint as body_too_large
          from net.http_request_queue
          where id <> all (string_to_array(${except.join(",")}, ',')::bigint[])
          order by id
          limit ${rowsMax}
        ),
        measured as (
          select *, row_number() over in_order as number,
            sum(
              octet_length(url)
              + coalesce(pg_column_size(headers), 0)
              + case when body_too_large then 0 else coalesce(octet_length(body), 0) end
            ) over in_order as total
          from head
          window in_order as (order by id rows unbounded preceding)
        )
        select id, ctid::text as place, xmin::text as writer, method::text, url,
          coalesce(body_too_large, false) as body_too_large,
          case when body_too_large is not true then body end as body,
          timeout_milliseconds,
          headers is null or jsonb_typeof(headers) = 'object' as headers_valid,
          (
            select json_object_agg(key, value)
            from jsonb_each_text(case jsonb_typeof(headers) when 'object' then headers end)
          ) as headers
        from measured
        where total <= ${totalMaxBytes}::bigint or number = 1
        order by id
      `.catch(noneIfGone);
      return rows.map((row) => ({
        id: row.id,
        place: row.place,
        writer: row.writer,
        method: row.method.toUpperCase(),
        url: row.url,
        headers: row.headers_valid ? (row.headers ?? {}) : undefined,
        body: row.body,
        bodyTooLarge: row.body_too_large,
        timeoutMs: row.timeout_milliseconds,
      }));
    },
    async finish(sent) {
      const rows = sent.map(({ request: { id, place, writer }, response }) => ({
        ...response,
        id,
        place,
        writer,
      }));
      await sql`
        with sent as (
          select *
          from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as sent (
            id bigint, place tid, writer xid, status_code integer, content_type text, headers jsonb,
            content text, timed_out boolean, error_msg text
          )
        ),
        removed as (
          delete from net.http_request_queue as queue
          using sent
          where queue.ctid = sent.place and queue.xmin = sent.writer and queue.id = sent.id
          returning queue.id
        )
        insert into net._http_response (id, status_code, content_type, headers, content, timed_out, error_msg)
        select id, status_code, content_type, headers, content, timed_out, error_msg
        from sent
        join removed using (id)
        order by id
      `;
    },
    async expire(ttl) {
      const rows = await sql`
        delete from net._http_response
        where ctid = any (
          array(
            select ctid
            from net._http_response
            where created < now() - ${ttl}::interval
            order by created
            limit ${expiredMax}
          )
        )
        returning 1
      `;
      return rows.length;
    },
    cut: session.cut,
    async [Symbol.asyncDispose]() {
      await session[Symbol.asyncDispose]();
    },
  };
}

interface StoredRequest {
  id: string;
  place: string;
  writer: string;
  method: string;
  url: string;
  headers: Record<string, string | null> | null;
  headers_valid: boolean;
  body: Buffer | null;
  body_too_large: boolean;
  timeout_milliseconds: number;
}

/** Without the extension, its table and its schema are gone. */
function noneIfGone(cause: { code?: string }): [] {
  if (cause.code === "42P01" || cause.code === "3F000") return [];
  throw cause;
}
