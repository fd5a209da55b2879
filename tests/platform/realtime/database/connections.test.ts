import { expect, test } from "vitest";
import { createConnections } from "../../../../platform/realtime/database/connections.ts";
import { urlOf, useSupabaseServer } from "../../postgres/supabase-server.ts";

const server = useSupabaseServer();

test("a statement stays prepared until the work that prepared it ends, however many there are", async () => {
  await using connections = createConnections({
    databaseUrl: urlOf(server, "supabase_admin"),
    name: "test",
    size: 1,
    queueMax: 1,
    waitMs: 30_000,
    statementTimeoutMs: 30_000,
  });
  const numbers = Array.from({ length: 600 }, (_, number) => number);
  const answers = await connections.use(async (connection) => {
    const statements: string[] = [];
    for (const number of numbers) {
      statements.push(`execute ${await connection.prepare(`${number}`, `as select ${number}`)}`);
    }
    return connection.send(statements);
  });
  expect(answers.flat(2).map(Number)).toEqual(numbers);
  const [[[left] = []] = []] = await connections.use((connection) =>
    connection.send(["select count(*) from pg_prepared_statements"]),
  );
  expect(Number(left)).toBeLessThan(500);
});
