/** One Postgres server for all tests of the database: vitest starts it once (globalSetup). */
import { type DatabaseServer, startDatabaseServer } from "../../sql/tools/server.ts";

/** The variable that gives workers the port of the server that globalSetup started. */
const portVariable = "PLAZA_TEST_DATABASE_PORT";

/** Vitest calls this as its globalSetup. */
export default async function setup(): Promise<() => Promise<void>> {
  const server = await startDatabaseServer();
  process.env[portVariable] = String(server.port);
  return async () => {
    delete process.env[portVariable];
    await server[Symbol.asyncDispose]();
  };
}

/** The server of this run, or one of our own when a file runs without globalSetup. */
export async function useTestServer(): Promise<DatabaseServer> {
  const port = Number(process.env[portVariable]);
  return port ? { port, async [Symbol.asyncDispose]() {} } : startDatabaseServer();
}
