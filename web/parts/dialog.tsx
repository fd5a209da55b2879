/** A dialog over the page. The browser keeps the focus inside. At the end it goes back to where it was. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { t } from "../app/messages.ts";
import { visits } from "../app/router.ts";
import { Button } from "./button.tsx";

interface DialogProps {
  title: string;
  /** Called for Escape, the button and a click beside the dialog. The owner then stops showing it. */
  onClose: () => void;
  children: ComponentChildren;
  class?: string;
}

export function Dialog({ title, onClose, children, class: className = "" }: DialogProps) {
  const id = useId();
  const element = useRef<HTMLDialogElement>(null);

  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const dialog = element.current;
    dialog?.showModal();
    // The browser has chosen the button that closes it.
    dialog?.querySelector<HTMLElement>(":is(input, textarea, select):enabled")?.focus();
    // The browser gives the focus back only from a dialog that is still in the document.
    return () => {
      const { activeElement, body } = document;
      if (activeElement === body || dialog?.contains(activeElement)) before?.focus({ preventScroll: true });
    };
  }, []);
  // A person who goes back leaves the dialog, too.
  const opened = useRef(visits.peek());
  useEffect(() => {
    if (visits.value !== opened.current) onClose();
  }, [visits.value]);

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes the dialog. A click beside it is only a second way.
    <dialog
      ref={element}
      class={`dialog ${className}`}
      aria-labelledby={id}
      onCancel={(event) => {
        if (event.target !== element.current) return;
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === element.current) onClose();
      }}
    >
      <div class="dialog-box">
        <header>
          <h2 id={id}>{title}</h2>
          <Button kind="quiet" icon="close" label={t("close")} onClick={onClose} />
        </header>
        {children}
      </div>
    </dialog>
  );
}

/** Asks before something that cannot be undone. */
export function Confirm(props: {
  title: string;
  text: string;
  action: string;
  onConfirm: () => Promise<unknown> | unknown;
  onClose: () => void;
}) {
  return (
    <Dialog title={props.title} onClose={props.onClose} class="small">
      <p>{props.text}</p>
      <div class="actions">
        <Button onClick={props.onClose}>{t("cancel")}</Button>
        <Button
          kind="danger"
          onClick={async () => {
            await props.onConfirm();
            props.onClose();
          }}
        >
          {props.action}
        </Button>
      </div>
    </Dialog>
  );
}
