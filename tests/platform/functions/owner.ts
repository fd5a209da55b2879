/** A platform to be killed: serves toolbox until then. Prints the ids of its children. */
import { createProject, entry, runFolders, serve } from "./project.ts";

const before = await runFolders();
const project = await createProject();
const served = await serve(project, { toolbox: entry("toolbox/index.js"), busy: entry("toolbox/index.js") });
const busy = Number(await (await served.get("/busy/pid")).text());
void served.get("/busy/spin");
const pids = [await served.pid(), busy];
const [runDir] = (await runFolders()).filter((path) => !before.includes(path));
console.log(JSON.stringify({ project: project.dir, runDir, pids }));
setInterval(() => {}, 1_000);
