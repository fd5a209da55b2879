/**
 * A form whose handler is a promise. While it runs, the form's button spins, and it cannot be sent again.
 * A failure is told above the button, and what the person wrote stays.
 */
import { type Signal, useSignal } from "@preact/signals";
import { type ComponentChildren, createContext } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { wordsOf } from "../app/errors.ts";
import { userId } from "../app/session.ts";

export const FormState = createContext<{ isPending: Signal<boolean> } | undefined>(undefined);

interface FormProps {
  /** Gets the values of the fields by their names. */
  onSubmit: (values: Record<string, string>, form: HTMLFormElement) => Promise<unknown> | unknown;
  children: ComponentChildren;
  class?: string;
  label?: string;
  /** A name for what is written: it is kept in this tab until it is sent, also over a reload. */
  keepAs?: string;
}

/** What was written into forms that are not sent yet. */
const keptKey = (name: string) => `plaza.form.${userId.value}.${name}`;
const keptFields = "input:not([type=password], [type=checkbox], [type=radio]), textarea";

function keep(form: HTMLFormElement, name: string): void {
  const fields = [...form.querySelectorAll<HTMLInputElement>(keptFields)];
  sessionStorage.setItem(keptKey(name), JSON.stringify(fields.map((each) => [each.name, each.value])));
}

function putBack(form: HTMLFormElement, name: string): void {
  const kept: [string, string][] = JSON.parse(sessionStorage.getItem(keptKey(name)) ?? "[]");
  for (const [key, value] of kept) {
    const field = [...form.querySelectorAll<HTMLInputElement>(keptFields)].find((each) => each.name === key);
    if (!field || field.value === value) continue;
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

export function Form({ onSubmit, children, class: className = "form", label, keepAs }: FormProps) {
  const isPending = useSignal(false);
  const problem = useSignal("");
  const element = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (keepAs && element.current) putBack(element.current, keepAs);
  }, []);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (isPending.value) return;
    const form = event.currentTarget as HTMLFormElement;
    isPending.value = true;
    problem.value = "";
    try {
      const values = [...new FormData(form)].filter(
        (each): each is [string, string] => typeof each[1] === "string",
      );
      await onSubmit(Object.fromEntries(values), form);
      if (keepAs) sessionStorage.removeItem(keptKey(keepAs));
    } catch (error) {
      problem.value = wordsOf(error);
    } finally {
      isPending.value = false;
    }
  }

  return (
    <FormState.Provider value={{ isPending }}>
      <form
        class={className}
        onSubmit={submit}
        onInput={(event) => keepAs && keep(event.currentTarget, keepAs)}
        aria-label={label}
        ref={element}
      >
        {children}
        <p class="problem" role="alert">
          {problem.value}
        </p>
      </form>
    </FormState.Provider>
  );
}
