/**
 * Writing: a new post, an answer, a quote, or a change of one's own post. Each letter is kept on the device. A
 * post is sent through the outbox, so it is written once, also if it has to be sent again.
 */
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { charactersIn } from "../app/characters.ts";
import { number, t } from "../app/messages.ts";
import { type Card, plaza } from "../app/plaza.ts";
import { back, navigate, type PageProps, whileHere } from "../app/router.ts";
import { me, userId } from "../app/session.ts";
import { isOffline, send } from "../app/sync.ts";
import { toast } from "../app/toasts.ts";
import { Avatar } from "../parts/avatar.tsx";
import { Button } from "../parts/button.tsx";
import { AudienceChoice, LanguageChoice } from "../parts/choices.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Empty, Waiting } from "../parts/empty.tsx";
import { Area, Field } from "../parts/field.tsx";
import { Form } from "../parts/form.tsx";
import { Icon } from "../parts/icon.tsx";
import { Page } from "../parts/page.tsx";
import { postPath, Quoted } from "../parts/post.tsx";
import { FullTime } from "../parts/time.tsx";
import { publishDraft, saveDraft, stillToCome, writingOf } from "../store/drafts.ts";
import { cardById, forget, reread } from "../store/posts.ts";
import {
  dropText,
  emptyWriting,
  keepText,
  keptText,
  newestText,
  refused,
  sendEdit,
  sendPost,
  type Writing,
} from "../store/writing.ts";

const mostLetters = 10_000;
/** How long the page waits for the answer. After that the post is sent behind the person's back. */
const patienceMs = 4_000;

/** What the page is opened for. */
interface Task {
  occasion: string;
  title: string;
  /** The post that is answered, quoted or changed. */
  about?: number;
  kind: "new" | "reply" | "quote" | "edit" | "draft";
  draftId?: string;
}

function taskOf(query: URLSearchParams): Task {
  for (const kind of ["reply", "quote", "edit"] as const) {
    const id = Number(query.get(kind));
    if (Number.isSafeInteger(id) && id > 0) {
      const title = { reply: t("reply"), quote: t("quote"), edit: t("compose_edit") }[kind];
      return { kind, occasion: `${kind}:${id}`, about: id, title };
    }
  }
  const draftId = query.get("draft");
  if (draftId) return { kind: "draft", occasion: `draft:${draftId}`, draftId, title: t("draft") };
  return { kind: "new", occasion: "new", title: t("compose") };
}

interface Start {
  writing: Writing;
  /** What the person had written here before another device saved a later text. */
  other?: Writing;
  about?: Card | null;
}

export default function Compose({ query }: PageProps) {
  const task = taskOf(query);
  const start = useSignal<Start | undefined>(undefined);
  const isGone = useSignal(false);

  useEffect(() => {
    start.value = undefined;
    isGone.value = false;
    void begin(task, query).then(
      (begun) => {
        if (begun) start.value = begun;
        else isGone.value = true;
      },
      () => {
        isGone.value = true;
      },
    );
  }, [task.occasion]);

  return (
    <Page title={task.title} backTo="/">
      {isGone.value ? (
        <Empty
          icon="search"
          title={task.kind === "draft" ? t("error_draft_not_found") : t("error_post_not_found")}
        >
          <KeptText occasion={task.occasion} />
        </Empty>
      ) : start.value ? (
        <Editor
          key={task.occasion}
          task={task}
          start={start.value.writing}
          before={start.value.other}
          about={start.value.about ?? undefined}
        />
      ) : (
        <Waiting rows={1} />
      )}
    </Page>
  );
}

/** What the person wrote for something that is gone. They can copy it. */
function KeptText({ occasion }: Pick<Task, "occasion">) {
  const kept = keptText(occasion);
  return kept ? (
    <p class="text" dir="auto">
      {kept.content}
    </p>
  ) : null;
}

/** @returns undefined if the post or draft is not there */
async function begin(task: Task, query: URLSearchParams): Promise<Start | undefined> {
  const kept = keptText(task.occasion);
  if (task.kind === "new") {
    const writing = kept ?? emptyWriting();
    const given = query.get("text") ?? "";
    const before = writing.content && `${writing.content.trimEnd()} `;
    return {
      writing: writing.content.includes(given) ? writing : { ...writing, content: `${before}${given} ` },
    };
  }
  if (task.kind === "draft") {
    const { data, error } = await plaza
      .from("drafts")
      .select("*")
      .eq("id", task.draftId ?? "")
      .maybeSingle();
    const newest = data
      ? newestText(task.occasion, writingOf(data))
      : // Without the network, what was kept is better than nothing.
        error && kept && { writing: kept };
    if (!newest) return undefined;
    const { reply_to_id, quote_of_id } = newest.writing;
    const aboutId = reply_to_id ?? quote_of_id;
    return { ...newest, about: aboutId ? await cardById(aboutId).catch(() => null) : null };
  }
  // What was read before may have changed on another device.
  if (task.kind === "edit" && task.about && !(await reread(task.about))) forget(task.about);
  const about = await cardById(task.about ?? 0);
  if (!about || (task.kind === "edit" && about.author.id !== userId.value)) return undefined;
  if (task.kind === "edit") {
    const { title, content, content_warning, language, audience } = about;
    const saved = { title, content, content_warning, language, audience, base: about.edited_at ?? "" };
    return { ...newestText(task.occasion, saved), about };
  }
  if (kept) return { writing: kept, about };
  const empty = emptyWriting();
  if (task.kind === "quote") return { writing: { ...empty, quote_of_id: about.id }, about };
  const { content_warning, audience } = about;
  return {
    writing: { ...empty, content: greeting(about), content_warning, audience, reply_to_id: about.id },
    about,
  };
}

/** An answer to somebody else begins with their name, so they hear of it. */
function greeting({ author, mentions, audience }: Card): string {
  const own = me.value?.username;
  if (audience !== "mentioned") return "";
  const names = [author, ...mentions.map(({ profile }) => profile)].map(({ username }) => username);
  const others = [...new Set(names)].filter((name) => name !== own);
  return others.map((name) => `@${name} `).join("");
}

type Here = ReturnType<typeof whileHere>;

interface EditorProps {
  task: Task;
  start: Writing;
  before?: Writing;
  about?: Card;
}

function Editor({ task, start, before, about }: EditorProps) {
  const writing = useSignal(start);
  const other = useSignal(before);
  /** The key of the post, too: two tries write one post, also if the server publishes the draft meanwhile. */
  const draftId = useMemo(() => task.draftId ?? crypto.randomUUID(), []);
  const hasMore = useSignal(Boolean(start.title || start.content_warning));
  const isScheduling = useSignal(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const { title, content, content_warning, language, audience } = writing.value;
  const publish_at = stillToCome(writing.value.publish_at);
  const left = mostLetters - charactersIn(content);
  const maySend = content.trim() !== "" && left >= 0;
  const isEdit = task.kind === "edit";
  /** More people may read this than the post that it answers. */
  const isOpener = about?.is_open === false && audience === "everyone" && me.value?.is_private === false;

  useLayoutEffect(() => {
    const box = area.current;
    box?.focus({ preventScroll: true });
    box?.setSelectionRange(box.value.length, box.value.length);
  }, []);

  function set(changes: Partial<Writing>): void {
    writing.value = { ...writing.value, ...changes };
    keepText(task.occasion, writing.value);
  }

  function schedule(isOpen: boolean): void {
    isScheduling.value = isOpen;
  }

  async function publish(): Promise<void> {
    if (isEdit) return save();
    const here = whileHere();
    const sent = writing.value;
    if (task.draftId && !isOffline.value) {
      await publishDraft(draftId, sent);
      return leave(sent, here, t("post_sent"));
    }
    const { answer } = await sendPost(sent, draftId);
    // It comes after the post.
    if (task.draftId) await send({ delete: "drafts", match: { id: draftId } });
    // Whatever comes later, the text is in the outbox now.
    const outcome = await Promise.race([answer.then((row) => ({ row })), later()]);
    if (!outcome) {
      answer.catch((error: unknown) => refused(draftId, sent, error));
      return leave(sent, here, waits());
    }
    leave(sent, here, t("post_sent"), task.kind === "reply" ? postPath(outcome.row.post) : undefined);
  }

  async function save(): Promise<void> {
    const here = whileHere();
    const { answer, notSaved } = await sendEdit(task.about ?? 0, writing.value);
    const isSaved = await Promise.race([answer.then(() => true), later()]);
    if (!isSaved) answer.catch(notSaved);
    go(here, isSaved ? t("post_saved") : waits());
  }

  /** @param to by default the page before */
  function leave(sent: Writing, here: Here, words: string, to?: string): void {
    dropText(task.occasion, sent);
    go(here, words, to);
  }

  function go(here: Here, words: string, to?: string): void {
    toast(words);
    here(() => (to ? navigate(to, { replace: true }) : back("/")));
  }

  async function keepDraft(at: string | null): Promise<void> {
    const here = whileHere();
    const sent = writing.value;
    await saveDraft(draftId, sent, at);
    leave(sent, here, at ? t("draft_scheduled") : t("draft_saved"), "/drafts");
  }

  /** Shows what was written here before. */
  function take(chosen: Writing): void {
    set(chosen);
    other.value = undefined;
  }

  return (
    <>
      {about && !isEdit && (
        <div class="about-post">
          <Quoted card={about} />
        </div>
      )}
      {other.value && (
        <div class="notice">
          <p>{t("compose_other")}</p>
          <Button onClick={() => other.value && take(other.value)}>{t("compose_other_take")}</Button>
        </div>
      )}
      <Form onSubmit={publish} class="form compose" label={task.title}>
        <div class="compose-text">
          {me.value && <Avatar person={me.value} />}
          <Area
            label={writing.value.reply_to_id ? t("compose_reply") : t("compose_text")}
            name="content"
            areaRef={area}
            value={content}
            lang={language ?? undefined}
            placeholder={t("compose_placeholder")}
            onInput={(event) => set({ content: event.currentTarget.value })}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey))
                event.currentTarget.form?.requestSubmit();
            }}
            problem={left < 0 ? t("compose_too_long", { count: -left }) : undefined}
          />
        </div>
        {hasMore.value && (
          <>
            <Field
              label={t("compose_title")}
              name="title"
              maxLength={200}
              value={title}
              onInput={(event) => set({ title: event.currentTarget.value })}
            />
            <Field
              label={t("compose_warning")}
              hint={t("compose_warning_hint")}
              name="content_warning"
              maxLength={200}
              value={content_warning}
              onInput={(event) => set({ content_warning: event.currentTarget.value })}
            />
          </>
        )}
        <div class="compose-choices">
          <AudienceChoice
            value={audience}
            hint={isOpener && t("compose_audience_open")}
            disabled={isEdit}
            onChange={(to) => set({ audience: to })}
          />
          <LanguageChoice value={language} onChange={(to) => set({ language: to })} />
        </div>
        {publish_at && (
          <p class="post-why">
            <Icon name="clock" />
            <span>
              {t("draft_at")} <FullTime at={publish_at} />
            </span>
            <Button type="button" kind="quiet" onClick={() => set({ publish_at: null })}>
              {t("draft_unschedule")}
            </Button>
          </p>
        )}
        <div class="actions compose-actions">
          {!hasMore.value && (
            <Button
              type="button"
              kind="quiet"
              icon="plus"
              onClick={() => {
                hasMore.value = true;
              }}
            >
              {t("compose_more")}
            </Button>
          )}
          {left < 500 && left >= 0 && <span class="note">{t("compose_left", { count: left })}</span>}
          <span class="space" />
          {!isEdit && (
            <>
              <Button
                type="button"
                icon="clock"
                kind="quiet"
                label={t("compose_later")}
                onClick={() => schedule(true)}
                disabled={!maySend}
              />
              <Button type="button" onClick={() => keepDraft(publish_at)} disabled={!maySend}>
                {t("compose_keep")}
              </Button>
            </>
          )}
          <Button kind="main" disabled={!maySend}>
            {isEdit ? t("save") : t("compose_send")}
          </Button>
        </div>
      </Form>
      {isScheduling.value && (
        <Schedule at={publish_at} onClose={() => schedule(false)} onChosen={keepDraft} />
      )}
      <p class="compose-note note">{t("compose_kept", { most: number(mostLetters) })}</p>
    </>
  );
}

function waits(): string {
  return isOffline.value ? t("post_waits") : t("post_sending");
}

/** Undefined when there is no network, or no answer for some seconds. */
function later(): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, isOffline.value ? 0 : patienceMs));
}

interface ScheduleProps {
  /** The time that is set already. */
  at: string | null;
  onClose: () => void;
  onChosen: (at: string) => Promise<void>;
}

function Schedule({ at, onClose, onChosen }: ScheduleProps) {
  const soonest = localTime(new Date(Date.now() + 60_000));
  return (
    <Dialog title={t("compose_later")} onClose={onClose} class="small">
      <Form
        class="form inner"
        onSubmit={async ({ at = "" }) => {
          await onChosen(new Date(at).toISOString());
        }}
      >
        <Field
          label={t("compose_when")}
          name="at"
          type="datetime-local"
          required
          min={soonest}
          defaultValue={localTime(at ? new Date(at) : new Date(Date.now() + 60 * 60_000))}
          dir="ltr"
        />
        <div class="actions">
          <Button kind="main">{t("compose_schedule")}</Button>
        </div>
      </Form>
    </Dialog>
  );
}

/** The form of `datetime-local`, in the person's time zone. */
function localTime(date: Date): string {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
