/** Shows the toasts, and the live region that tells counts to screen readers. */
import { t } from "../app/messages.ts";
import { announced, dismiss, toasts } from "../app/toasts.ts";
import { Button } from "./button.tsx";

export function Toasts() {
  return (
    <>
      <div class="toasts" role="status" aria-live="polite">
        {toasts.value.map(({ id, text, isError, action }) => (
          <div class={isError ? "toast error" : "toast"} key={id}>
            <p dir="auto">{text}</p>
            {action && (
              <Button
                onClick={() => {
                  dismiss(id);
                  action.run();
                }}
              >
                {action.label}
              </Button>
            )}
            <Button kind="quiet" icon="close" label={t("close")} onClick={() => dismiss(id)} />
          </div>
        ))}
      </div>
      <div class="unseen" aria-live="polite">
        {announced.value}
      </div>
    </>
  );
}
