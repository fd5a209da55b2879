/** A field of a form: its label, a hint, and what is wrong with it. */
import type { AllHTMLAttributes, ComponentChildren, JSX, Ref, TargetedInputEvent } from "preact";
import { useId } from "preact/hooks";
import { charactersIn } from "../app/characters.ts";
import { t } from "../app/messages.ts";

interface Common {
  label: string;
  name: string;
  hint?: ComponentChildren;
  problem?: string;
}

/** The attributes of form elements that pages use. */
type Attributes<Element extends HTMLElement> = Pick<
  AllHTMLAttributes<Element>,
  | "autocapitalize"
  | "autocomplete"
  | "autofocus"
  | "checked"
  | "defaultChecked"
  | "defaultValue"
  | "dir"
  | "disabled"
  | "inputMode"
  | "lang"
  | "max"
  | "maxLength"
  | "min"
  | "minLength"
  | "onBlur"
  | "onChange"
  | "onInput"
  | "onKeyDown"
  | "onPaste"
  | "pattern"
  | "placeholder"
  | "required"
  | "rows"
  | "spellcheck"
> & { value?: string | number };
type InputType = "date" | "datetime-local" | "email" | "number" | "password" | "search" | "text" | "url";
type InputProps = Common &
  Attributes<HTMLInputElement> & { type?: InputType; inputRef?: Ref<HTMLInputElement> };
type AreaProps = Common & Attributes<HTMLTextAreaElement> & { areaRef?: Ref<HTMLTextAreaElement> };
type ChoiceProps = Common &
  Attributes<HTMLSelectElement> & { options: readonly (readonly [value: string, label: string])[] };

/** One line. Takes the attributes of `<input>`. */
export function Field({ label, hint, problem, inputRef, type = "text", ...given }: InputProps) {
  const id = useId();
  // What somebody searches for may be cut.
  const input = type === "search" ? given : withLimit<HTMLInputElement, typeof given>(given);
  // Preact has a type of its own for each `type`. Which one it is, is known only when it runs.
  const attributes = { ...input, type } as JSX.IntrinsicElements["input"];
  return (
    <Labelled id={id} label={label} hint={hint} problem={problem}>
      <input
        {...attributes}
        ref={inputRef}
        id={id}
        dir={input.dir ?? "auto"}
        {...described(id, hint, problem)}
      />
    </Labelled>
  );
}

/** Many lines. It grows with its text. Takes the attributes of `<textarea>`. */
export function Area({ label, hint, problem, areaRef, ...given }: AreaProps) {
  const id = useId();
  const area = withLimit<HTMLTextAreaElement, typeof given>(given);
  return (
    <Labelled id={id} label={label} hint={hint} problem={problem}>
      <textarea {...area} ref={areaRef} id={id} dir="auto" {...described(id, hint, problem)} />
    </Labelled>
  );
}

/** One of a few. @param options value and words */
export function Choice({ label, hint, problem, options, ...select }: ChoiceProps) {
  const id = useId();
  return (
    <Labelled id={id} label={label} hint={hint} problem={problem}>
      <select {...select} id={id} {...described(id, hint, problem)}>
        {options.map(([value, words]) => (
          <option key={value} value={value} selected={value === select.value}>
            {words}
          </option>
        ))}
      </select>
    </Labelled>
  );
}

/** Yes or no. */
export function Switch({ label, hint, name, ...input }: Common & Attributes<HTMLInputElement>) {
  const id = useId();
  return (
    <div class="switch">
      <input
        {...input}
        type="checkbox"
        name={name}
        id={id}
        aria-describedby={hint ? `${id}-hint` : undefined}
      />
      <div>
        <label for={id}>{label}</label>
        {hint && (
          <p class="hint" id={`${id}-hint`}>
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}

/** HTML would cut a text that is too long, and says nothing. Instead, the form says it when it is sent. */
function withLimit<
  Element extends HTMLInputElement | HTMLTextAreaElement,
  Given extends Attributes<Element>,
>({ maxLength, onInput, ...others }: Given) {
  const most = Number(maxLength ?? Number.POSITIVE_INFINITY);
  return {
    ...others,
    onInput(event: TargetedInputEvent<Element>) {
      const field = event.currentTarget;
      const count = charactersIn(field.value) - most;
      field.setCustomValidity(count > 0 ? t("compose_too_long", { count }) : "");
      onInput?.call(field as never, event);
    },
  };
}

function Labelled({
  id,
  label,
  hint,
  problem,
  children,
}: Omit<Common, "name"> & { id: string; children: ComponentChildren }) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {problem && (
        <p class="problem" id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </div>
  );
}

function described(id: string, hint: ComponentChildren, problem: string | undefined) {
  const ids = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ");
  return { "aria-describedby": ids || undefined, "aria-invalid": problem ? true : undefined };
}
