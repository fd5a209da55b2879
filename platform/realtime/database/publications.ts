/**
 * The publications that the stream follows: that of the messages is ours and
 * made when missing, that of the changes is the project's and done without.
 * A stream knows those that were there when it began.
 */
import type { Connections } from "./connections.ts";

export const changesPublication = "supabase_realtime";
const messagesPublication = "supabase_realtime_messages_publication";

export interface Publications extends Disposable {
  /** For a stream that begins. @throws DatabaseError */
  names(): Promise<string[]>;
}

/** @param changed called when a publication has come or gone since names() */
export function createPublications(
  connections: Connections,
  pollMs: number,
  changed: () => void,
): Publications {
  let known: string | undefined;

  function read(): Promise<{ id: string; name: string }[]> {
    return connections.use(async (connection) => {
      const [rows = []] = await connection.send([
        `select oid, pubname from pg_catalog.pg_publication
         where pubname in ('${messagesPublication}', '${changesPublication}') order by oid`,
      ]);
      return rows.map(([id, name]) => ({ id: id as string, name: name as string }));
    });
  }
  const identity = (publications: { id: string }[]) => publications.map(({ id }) => id).join();

  const timer = setInterval(async () => {
    if (known === undefined) return;
    // A database in trouble is noticed by the stream itself.
    const current = await read().then(identity, () => known);
    if (known === undefined || current === known) return;
    known = undefined;
    changed();
  }, pollMs);

  return {
    async names() {
      let publications = await read();
      if (!publications.some(({ name }) => name === messagesPublication)) {
        await connections.use((connection) =>
          connection.send([`create publication ${messagesPublication} for table realtime.messages`]),
        );
        publications = await read();
      }
      known = identity(publications);
      return publications.map(({ name }) => name);
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
