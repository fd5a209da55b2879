/** A part that is loaded when it is shown, because most visits do not need it. */
import { useSignal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { loadLater } from "../app/messages.ts";
import { Failed, Waiting } from "./empty.tsx";

/** @returns a component that shows what `load` brings, and grey shapes until then */
export function later<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let loaded: ComponentType<Props> | undefined;
  return function Later(props: Props) {
    const error = useSignal<unknown>(undefined);
    const isLoaded = useSignal(loaded !== undefined);

    async function start(): Promise<void> {
      error.value = undefined;
      try {
        [loaded] = await Promise.all([loaded ?? load(), loadLater()]);
        isLoaded.value = true;
      } catch (why) {
        error.value = why;
      }
    }
    useEffect(() => void start(), []);

    if (error.value) return <Failed error={error.value} onRetry={start} />;
    const Shown = isLoaded.value ? loaded : undefined;
    return Shown ? <Shown {...props} /> : <Waiting />;
  };
}
