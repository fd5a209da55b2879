/**
 * The publications that the stream follows. The one for messages is ours and is made when
 * it is missing. The one for changes belongs to the project and may be missing. A stream
 * knows only the names that existed when it began. When a transaction drops a publication and
 * makes it again, the stream finds it by its name.
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

  function read(): Promise<string[]> {
    return connections.use(async (connection) => {
      const [rows = []] = await connection.send([
        `select pubname from pg_catalog.pg_publication
         where pubname in ('${messagesPublication}', '${changesPublication}') order by pubname`,
      ]);
      return rows.map(([name]) => name as string);
    });
  }

  const timer = setInterval(async () => {
    if (known === undefined) return;
    // If the database cannot be reached, the stream itself notices.
    const current = await read().then(String, () => known);
    if (known === undefined || current === known) return;
    known = undefined;
    changed();
  }, pollMs);

  return {
    async names() {
      let names = await read();
      if (!names.includes(messagesPublication)) {
        await connections.use((connection) =>
          connection.send([`create publication ${messagesPublication} for table realtime.messages`]),
        );
        names = await read();
      }
      known = String(names);
      return names;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
