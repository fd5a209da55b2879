/**
 * Asks the policies of realtime.messages what an identity may receive and send,
 * by trying it in a transaction that is rolled back.
 * https://supabase.com/docs/guides/realtime/authorization
 */
import { randomUUID } from "node:crypto";
import type { Log } from "../../log.ts";
import { DatabaseError, type Extension, type Identity } from "../database-side.ts";
import type { Connection, Connections } from "./connections.ts";
import { literal, textArray } from "./sql.ts";

type Answer = Record<Extension, boolean>;

/**
 * The rows that the policies may show are inserted before we take the role to try. We insert them as
 * postgres, because policies do not apply to postgres. The session logged in as postgres too, but code of
 * the project may have set another role.
 */
const asProject = "select set_config('role', 'postgres', true)";
const probe =
  "(uuid[], text, text[]) as insert into realtime.messages (id, topic, extension) " +
  "select id, $2, extension from unnest($1, $3) as probe (id, extension)";
const visible = "(uuid[], text) as select id from realtime.messages where id = any($1) and topic = $2";
/** No `returning`, because that needs a select policy too. */
const insertion = "(text, text) as insert into realtime.messages (topic, extension) values ($1, $2)";

/**
 * What the policies let the identity receive. A policy that fails lets nothing through,
 * as if it did not exist.
 * @throws DatabaseError when the database cannot be asked
 */
export async function mayRead(
  connections: Connections,
  log: Log,
  topic: string,
  identity: Identity,
  extensions: Extension[],
): Promise<Answer> {
  const ids = extensions.map(() => randomUUID());
  try {
    const seen = await connections.use(async (connection) => {
      const idArray = `${textArray(ids)}::uuid[]`;
      const inserts = await connection.prepare("probe", probe);
      // One statement for each role, because a plan contains the policies of one role.
      const selects = await connection.prepare(`visible ${identity.role}`, visible);
      const [, , rows = []] = await connection.undo([
        asProject,
        `execute ${inserts} (${idArray}, ${literal(topic)}, ${textArray(extensions)})`,
        become(identity, topic),
        `execute ${selects} (${idArray}, ${literal(topic)})`,
      ]);
      return new Set(rows.map(([id]) => id));
    });
    return answer(extensions.filter((_, index) => seen.has(ids[index] as string)));
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== "RlsPolicyError") throw error;
    log("warn", `a select policy of realtime.messages failed: ${reason(error)}`);
    return answer([]);
  }
}

/**
 * What the policies let the identity send.
 * @throws DatabaseError when the database cannot be asked, or a policy fails (RlsPolicyError)
 */
export function mayWrite(
  connections: Connections,
  topic: string,
  identity: Identity,
  extensions: Extension[],
): Promise<Answer> {
  return connections.use(async (connection) => {
    const allowed: Extension[] = [];
    for (const extension of extensions) {
      if (await mayInsert(connection, topic, identity, extension)) allowed.push(extension);
    }
    return answer(allowed);
  });
}

async function mayInsert(
  connection: Connection,
  topic: string,
  identity: Identity,
  extension: Extension,
): Promise<boolean> {
  const inserts = await connection.prepare(`insert ${identity.role}`, insertion);
  try {
    await connection.undo([
      become(identity, topic),
      `execute ${inserts} (${literal(topic)}, ${literal(extension)})`,
    ]);
    return true;
  } catch (cause) {
    if ((cause as { code?: string }).code === "42501") return false;
    throw cause;
  }
}

/**
 * Acts as the identity until the transaction ends. The role comes last, because it may set less than
 * we may.
 */
function become({ role, claims, headers }: Identity, topic: string): string {
  const settings: [string, string][] = [
    ["realtime.topic", topic],
    ["request.jwt.claims", JSON.stringify(claims)],
    ["request.jwt.claim.sub", claims.sub ?? ""],
    ["request.jwt.claim.role", role],
    ["request.headers", JSON.stringify(headers)],
  ];
  const calls = settings.map(([name, value]) => `set_config('${name}', ${literal(String(value))}, true)`);
  return `select ${calls.join(", ")}, set_config('role', ${requestRole(role)}, true)`;
}

/** Allows only roles that requests to the REST service can have. The statement fails for any other role. */
function requestRole(role: string): string {
  return `case when pg_has_role('authenticator', ${literal(role)}, 'member') then ${literal(role)} else '' end`;
}

function answer(allowed: Extension[]): Answer {
  return { broadcast: allowed.includes("broadcast"), presence: allowed.includes("presence") };
}

function reason({ cause, message }: Error): string {
  return cause instanceof Error ? cause.message : message;
}
