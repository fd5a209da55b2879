/** Starts the web client. */
import { render } from "preact";
import { watchFocus } from "./app/focus.ts";
import { keepOnDevice } from "./app/kept.ts";
import { loadLater, useLanguage } from "./app/messages.ts";
import { watchAddress } from "./app/router.ts";
import { watchSession } from "./app/session.ts";
import { watchKeys } from "./app/shortcuts.ts";
import { watchSync } from "./app/sync.ts";
import { applyTheme } from "./app/theme.ts";
import { Shell } from "./parts/shell.tsx";
import { watchMessages } from "./store/failed-messages.ts";
import { watchWriting } from "./store/writing.ts";

applyTheme();
watchAddress();
watchFocus();
watchKeys();
watchSession();
watchSync();
watchWriting();
watchMessages();
await useLanguage();
const root = document.getElementById("app");
if (root) render(<Shell />, root);
// After the first page, which needs the network more.
setTimeout(() => {
  void keepOnDevice().catch(() => {});
  void loadLater().catch(() => {});
}, 3_000);
