/** Starts the web client. */
import { render } from "preact";
import { useLanguage } from "./app/messages.ts";
import { watchAddress } from "./app/router.ts";
import { watchSession } from "./app/session.ts";
import { watchSync } from "./app/sync.ts";
import { applyTheme } from "./app/theme.ts";
import { Shell } from "./parts/shell.tsx";

applyTheme();
watchAddress();
watchSession();
watchSync();
await useLanguage();
const root = document.getElementById("app");
if (root) render(<Shell />, root);
