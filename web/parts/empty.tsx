/** What a page shows when it has nothing, waits, or failed. */
import type { ComponentChildren } from "preact";
import { wordsOf } from "../app/errors.ts";
import { t } from "../app/messages.ts";
import { Button } from "./button.tsx";
import { Icon, type IconName } from "./icon.tsx";

/** Nothing is here yet, and what to do about it. */
export function Empty({
  icon,
  title,
  children,
}: {
  icon: IconName;
  title: string;
  children?: ComponentChildren;
}) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <p class="empty-title">{title}</p>
      {children && <div class="note">{children}</div>}
    </div>
  );
}

/** Grey shapes while the first rows come. */
export function Waiting({ rows = 4 }: { rows?: number }) {
  return (
    <div class="waiting" role="status" aria-label={t("loading")}>
      {Array.from({ length: rows }, (_, index) => (
        <div class="bones" key={index}>
          <span class="bone round" />
          <span class="bone" />
          <span class="bone long" />
        </div>
      ))}
    </div>
  );
}

/** It failed: why, and another try. */
export function Failed({ error, onRetry }: { error: unknown; onRetry: () => Promise<unknown> | unknown }) {
  return (
    <div class="empty" role="alert">
      <Icon name="warning" />
      <p class="empty-title">{wordsOf(error)}</p>
      <Button onClick={() => onRetry()}>{t("try_again")}</Button>
    </div>
  );
}
