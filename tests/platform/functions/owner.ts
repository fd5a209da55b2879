/** A platform that a test kills. It serves two functions, one in an endless loop. It prints what must end with it. */
import { createProject, entry, serve } from "./project.ts";

const project = await createProject();
const served = await serve(project, { toolbox: entry("toolbox/index.js"), busy: entry("toolbox/index.js") });
const pids = [await served.pid(), await served.pid("busy")];
const folders = [await served.folder(), await served.folder("busy")];
void served.get("/busy/spin");
await served.pid();
console.log(JSON.stringify({ project: project.dir, folders, pids }));
setInterval(() => {}, 1_000);
