/**
 * A form whose handler is a promise. While it runs, the form's button spins, and it cannot be sent again.
 * A failure is told above the button, and what the person wrote stays.
 */
import { type Signal, useSignal } from "@preact/signals";
import { type ComponentChildren, createContext } from "preact";
import { wordsOf } from "../app/errors.ts";

export const FormState = createContext<{ isPending: Signal<boolean> } | undefined>(undefined);

interface FormProps {
  /** Gets the values of the fields by their names. */
  onSubmit: (values: Record<string, string>, form: HTMLFormElement) => Promise<unknown> | unknown;
  children: ComponentChildren;
  class?: string;
  label?: string;
}

export function Form({ onSubmit, children, class: className = "form", label }: FormProps) {
  const isPending = useSignal(false);
  const problem = useSignal("");

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
    } catch (error) {
      problem.value = wordsOf(error);
    } finally {
      isPending.value = false;
    }
  }

  return (
    <FormState.Provider value={{ isPending }}>
      <form class={className} onSubmit={submit} aria-label={label}>
        {children}
        <p class="problem" role="alert">
          {problem.value}
        </p>
      </form>
    </FormState.Provider>
  );
}
