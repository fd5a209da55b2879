/** A message in which names or links stand: `{who} likes your post`. */
import type { ComponentChildren } from "preact";
import { type MessageKey, t } from "../app/messages.ts";

/** @param nodes what stands in the place of `{name}`. @param count chooses between one and many */
export function Phrase({
  of,
  nodes,
  count,
}: {
  of: MessageKey;
  nodes: Record<string, ComponentChildren>;
  count?: number;
}) {
  const text = t(of, count === undefined ? undefined : { count });
  return (
    <>
      {text.split(/\{(\w+)\}/).map((part, index) => (index % 2 === 0 ? part : (nodes[part] ?? `{${part}}`)))}
    </>
  );
}
