// @ts-check
// The inbox page. It uses the same API as tests. Text of a mail enters the page only
// through textContent. The HTML of a mail loads only in the sandboxed frame.

const pollMs = 1500;
const listed = 200;

const byId = (id) => document.getElementById(id);
const [list, article, search] = [byId("list"), byId("message"), byId("search")];

let shown = "";
let format = "html";
let current;

const dates = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const times = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

const named = ({ Name, Address }) => (Name ? `${Name} <${Address}>` : Address);

async function refresh() {
  const query = search.value.trim();
  const path = query ? `/api/v1/search?query=${encodeURIComponent(query)}&` : "/api/v1/messages?";
  const response = await fetch(`${path}limit=${listed}`);
  if (!response.ok) throw new Error(`status ${response.status}`);
  const text = await response.text();
  const found = JSON.parse(text);
  if (query !== search.value.trim() || `${query}\n${text}` === shown) return;
  shown = `${query}\n${text}`;
  byId("count").textContent = found.unread ? `${found.unread} unread of ${found.total}` : `${found.total}`;
  document.title = found.unread ? `(${found.unread}) Mail` : "Mail";
  byId("empty").hidden = found.messages.length > 0;
  if (found.messages.length === 0 && current) close();
  byId("empty").textContent = query
    ? "Nothing matches."
    : "No mail yet. Mail that is sent by SMTP shows up here.";
  const focused = document.activeElement?.closest("#list button")?.dataset.id;
  list.replaceChildren(...found.messages.map(item));
  if (focused) list.querySelector(`[data-id="${focused}"]`)?.focus();
}

function item(summary) {
  const button = element("button", summary.Read ? "" : "unread");
  button.type = "button";
  button.dataset.id = summary.ID;
  if (summary.ID === current?.ID) button.setAttribute("aria-current", "true");
  const who = element("span", "who");
  const time = element("time", "", times.format(new Date(summary.Created)));
  time.dateTime = summary.Created;
  who.append(element("span", "", [...summary.To, ...summary.Bcc].map(named).join(", ")), time);
  button.append(who, element("span", "subject", summary.Subject || "(no subject)"));
  button.append(element("span", "snippet", summary.Snippet));
  button.addEventListener("click", () => open(summary.ID));
  const entry = element("li");
  entry.append(button);
  return entry;
}

async function open(id) {
  const response = await fetch(`/api/v1/message/${encodeURIComponent(id)}`);
  if (!response.ok) return close();
  current = await response.json();
  history.replaceState(null, "", `#${current.ID}`);
  byId("subject").textContent = current.Subject || "(no subject)";
  const fields = [
    ["From", named(current.From)],
    ["To", current.To.map(named).join(", ")],
    ["Cc", current.Cc.map(named).join(", ")],
    ["Bcc", current.Bcc.map(named).join(", ")],
    ["Reply to", current.ReplyTo.map(named).join(", ")],
    ["Date", dates.format(new Date(current.Date))],
  ].filter(([, value]) => value);
  byId("fields").replaceChildren(
    ...fields.flatMap(([name, value]) => [element("dt", "", name), element("dd", "", value)]),
  );
  byId("files").replaceChildren(...[...current.Attachments, ...current.Inline].map(file));
  article.hidden = false;
  byId("none").hidden = true;
  await show(current.HTML ? format : format === "html" ? "text" : format);
  await refresh();
  mark();
}

function file({ PartID, FileName, ContentType, Size }) {
  const link = element("a", "", `${FileName || ContentType} (${Size.toLocaleString()} bytes)`);
  link.href = `/api/v1/message/${current.ID}/part/${encodeURIComponent(PartID)}`;
  link.download = FileName;
  const entry = element("li");
  entry.append(link);
  return entry;
}

async function show(wanted) {
  for (const button of byId("formats").children) {
    button.setAttribute("aria-pressed", String(button.dataset.format === wanted));
    if (button.dataset.format === "html") button.disabled = !current.HTML;
  }
  byId("html").hidden = wanted !== "html";
  byId("text").hidden = wanted === "html";
  if (wanted === "html") byId("html").src = `/view/${current.ID}.html`;
  if (wanted === "text") byId("text").textContent = current.Text || "(no text)";
  if (wanted === "source") {
    const { ID } = current;
    const source = await fetch(`/api/v1/message/${ID}/raw`).then((response) => response.text());
    if (current?.ID === ID) byId("text").textContent = source;
  }
}

function close() {
  current = undefined;
  article.hidden = true;
  byId("none").hidden = false;
  history.replaceState(null, "", location.pathname);
  mark();
}

function mark() {
  for (const button of list.querySelectorAll("button")) {
    button.setAttribute("aria-current", String(button.dataset.id === current?.ID));
  }
}

async function remove(ids) {
  const body = JSON.stringify({ IDs: ids });
  await fetch("/api/v1/messages", { method: "DELETE", body });
}

async function removeCurrent() {
  if (!current) return;
  const button = list.querySelector(`[data-id="${current.ID}"]`)?.closest("li");
  const next = (button?.nextElementSibling ?? button?.previousElementSibling)?.querySelector("button");
  await remove([current.ID]);
  close();
  await refresh();
  if (next) {
    list.querySelector(`[data-id="${next.dataset.id}"]`)?.focus();
    await open(next.dataset.id);
  }
}

function step(direction) {
  const buttons = [...list.querySelectorAll("button")];
  const at = buttons.findIndex((button) => button.dataset.id === current?.ID);
  const next = buttons[at < 0 ? 0 : at + direction];
  if (!next) return;
  next.focus();
  void open(next.dataset.id);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, pre")) return;
  const moves = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };
  if (moves[event.key]) step(moves[event.key]);
  else if (event.key === "Delete") void removeCurrent();
  else if (event.key === "/") search.focus();
  else return;
  event.preventDefault();
});

byId("formats").addEventListener("click", ({ target }) => {
  if (!target.dataset.format) return;
  format = target.dataset.format;
  void show(format);
});
byId("delete").addEventListener("click", () => void removeCurrent());
byId("delete-all").addEventListener("click", async () => {
  if (!confirm("Delete all mails?")) return;
  await remove([]);
  close();
  await refresh();
});
search.addEventListener("input", () => void refresh());

async function poll() {
  try {
    if (document.visibilityState === "visible") await refresh();
  } catch {
    byId("count").textContent = "the mail catcher does not answer";
    shown = "";
  }
  setTimeout(poll, pollMs);
}

await poll();
if (location.hash.length > 1) await open(location.hash.slice(1));
