/** Parts and pages that are loaded when they are first shown, with the words and the style of the later pages. */
import { useSignal } from "@preact/signals";
import type { ComponentType, VNode } from "preact";
import { useEffect } from "preact/hooks";
import { loadLater } from "../app/messages.ts";
import { Failed, Waiting } from "./empty.tsx";

type Loader<Props> = () => Promise<{ default: ComponentType<Props> }>;

/** @throws TypeError if there is no network, and the files are not kept on the device */
export async function loadPart<Props>(load: Loader<Props>): Promise<ComponentType<Props>> {
  const [module] = await Promise.all([load(), loadLater(), import("../style/later.css")]);
  return module.default;
}

/**
 * @param waits what is shown until it is there. Null for a dialog
 * @returns a component that waits for the other one
 */
export function later<Props extends object>(
  load: Loader<Props>,
  waits: VNode | null = <Waiting rows={2} />,
): ComponentType<Props> {
  let loaded: ComponentType<Props> | undefined;

  return function Later(props: Props) {
    const isLoaded = useSignal(loaded !== undefined);
    const error = useSignal<unknown>(undefined);

    async function get(): Promise<void> {
      error.value = undefined;
      try {
        loaded = await loadPart(load);
        isLoaded.value = true;
      } catch (why) {
        error.value = why;
      }
    }
    useEffect(() => {
      if (!loaded) void get();
    }, []);

    if (error.value && !isLoaded.value) return <Failed error={error.value} onRetry={get} />;
    const Loaded = loaded;
    return isLoaded.value && Loaded ? <Loaded {...props} /> : waits;
  };
}
