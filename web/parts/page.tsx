/** The frame of every page: its heading, which is also the title of the window, and what is to do there. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../app/messages.ts";
import { back, visits } from "../app/router.ts";
import { unread } from "../app/sync.ts";
import { Button } from "./button.tsx";

interface PageProps {
  title: string;
  children: ComponentChildren;
  /** Shows a button that leads back. Where to, if there is no page before. */
  backTo?: string;
  /** Beside the heading. */
  actions?: ComponentChildren;
}

/** The visits that were there when a heading last took the focus. The first page does not take it. */
let focusedAt = 0;

export function Page({ title, children, backTo, actions }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);

  const { notifications, messages } = unread.value;
  const count = notifications + messages;
  useEffect(() => {
    document.title = `${count > 0 ? `(${count}) ` : ""}${title} · Plaza`;
  }, [title, count]);
  // Before the browser draws, so that a field of the page may take it after that.
  useLayoutEffect(() => {
    if (visits.value === focusedAt) return;
    focusedAt = visits.value;
    heading.current?.focus({ preventScroll: true });
  }, [visits.value]);

  return (
    <>
      <header class="page-head">
        {backTo !== undefined && (
          <Button kind="quiet" icon="back" label={t("back")} onClick={() => back(backTo)} />
        )}
        <h1 ref={heading} tabIndex={-1}>
          <bdi>{title}</bdi>
        </h1>
        {actions && <div class="page-actions">{actions}</div>}
      </header>
      {children}
    </>
  );
}
