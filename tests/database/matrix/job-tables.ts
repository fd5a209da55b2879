/** The people who read the view about background work. expectations.ts says how to read a grid. */
import type { TableExpectations } from "./expectations.ts";

export const jobTables: Record<string, TableExpectations> = {
  job_health: {
    things: { heartbeat: "name = 'heartbeat'" },
    inserts: { heartbeat: "(name) values ('heartbeat')" },
    update: "waiting = 1",
    grid: `
                        asfrbBmM@oS    asfrbBmM@oS
      select  heartbeat xxxxxxxxxx+    xxxxxxxxxx+
      insert  heartbeat VVVVVVVVVVV    VVVVVVVVVVV
      update  heartbeat VVVVVVVVVVV    VVVVVVVVVVV
      delete  heartbeat VVVVVVVVVVV    VVVVVVVVVVV`,
  },
};
