/** A worker in a process of its own, for tests that kill it: `node worker.ts <address of the database>`. */

import { silent } from "../../../platform/log.ts";
import { createNet } from "../../../platform/net/index.ts";

createNet({ databaseUrl: process.argv[2] ?? "", log: silent });
