/** Where the files of a state folder are. data-dir.ts says where its database is. */
import { join } from "node:path";

export const secretsPath = (stateDir: string) => join(stateDir, "secrets.json");
export const logPath = (stateDir: string) => join(stateDir, "plaza.log");
/** The usual place of the database. */
export const insideOf = (stateDir: string) => join(stateDir, "postgres", "data");
