/**
 * The publications that the stream follows. The one for messages is ours and is made when
 * it is missing. The one for changes belongs to the project and may be missing. A stream
 * knows only the publications that existed when it began.
 */
import type { Connections } from "./connections.ts";

export const changesPublication = "supabase_realtime";
const messagesPublication = "supabase_realtime_messages_publication";

export interface Publications extends Disposable {
  /** The names for a stream that begins. @throws DatabaseError */
  names(): Promise<string[]>;
}

/** Watches the publications. @param changed called if one was added or removed since names() */
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
    // If the database cannot be reached, the stream itself notices.
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
