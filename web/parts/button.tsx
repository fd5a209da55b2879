/**
 * A button that shows that it works. While the promise of its handler runs, it spins, and more clicks do
 * nothing. A failure is told in a toast.
 */
import { useSignal } from "@preact/signals";
import type { ButtonHTMLAttributes, ComponentChildren } from "preact";
import { useContext } from "preact/hooks";
import { wordsOf } from "../app/errors.ts";
import { toast } from "../app/toasts.ts";
import { FormState } from "./form.tsx";
import { Icon, type IconName } from "./icon.tsx";

type Kind = "plain" | "main" | "quiet" | "danger";

interface ButtonProps {
  /** What to do. In a form, leave it out: the button sends the form. */
  onClick?: (event: MouseEvent) => unknown;
  kind?: Kind;
  icon?: IconName;
  children?: ComponentChildren;
  /** The words of a button that has only an icon. */
  label?: string;
  disabled?: boolean;
  isPressed?: boolean;
  class?: string;
  type?: "button" | "submit";
  /** More attributes, such as `aria-expanded`. */
  more?: ButtonHTMLAttributes<HTMLButtonElement>;
}

export function Button(props: ButtonProps) {
  const { onClick, kind = "plain", icon, children, label, disabled = false, isPressed, more } = props;
  const isOwnPending = useSignal(false);
  const form = useContext(FormState);
  const isSubmit = props.type === "submit" || (onClick === undefined && props.type !== "button");
  const isPending = isOwnPending.value || (isSubmit && (form?.isPending.value ?? false));

  async function run(event: MouseEvent): Promise<void> {
    // The second click of a double click would take the first one back, or hit what came in its place.
    if (isPending || disabled || event.detail > 1) return event.preventDefault();
    const result = onClick?.(event);
    if (!(result instanceof Promise)) return;
    isOwnPending.value = true;
    try {
      await result;
    } catch (error) {
      toast(wordsOf(error), { isError: true });
    } finally {
      isOwnPending.value = false;
    }
  }

  return (
    <button
      {...more}
      type={isSubmit ? "submit" : "button"}
      class={`button ${kind} ${children ? "" : "icon-only"} ${props.class ?? ""}`}
      onClick={run}
      disabled={disabled}
      aria-label={label}
      title={label}
      aria-pressed={isPressed}
      aria-disabled={isPending || undefined}
      aria-busy={isPending || undefined}
    >
      {isPending ? <span class="spinner" /> : icon && <Icon name={icon} />}
      {children && <span>{children}</span>}
    </button>
  );
}
