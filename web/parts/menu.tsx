/** A button that opens a menu. Arrow keys move, Escape closes, a click elsewhere closes. */
import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import { Button } from "./button.tsx";
import { Icon, type IconName } from "./icon.tsx";

export interface MenuItem {
  label: string;
  icon?: IconName;
  /** A link, or something to do. */
  href?: string;
  run?: () => unknown;
  isDanger?: boolean;
}

interface MenuProps {
  label: string;
  icon?: IconName;
  /** Made when the menu opens. */
  items: () => MenuItem[];
  onOpen?: () => void;
  class?: string;
}

export function Menu({ label, icon = "more", items, onOpen, class: className = "" }: MenuProps) {
  const isOpen = useSignal(false);
  const id = useId();
  const root = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const entries = () => [...(list.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];

  function close(toButton: boolean): void {
    isOpen.value = false;
    if (toButton) root.current?.querySelector("button")?.focus();
  }

  useEffect(() => {
    if (!isOpen.value) return undefined;
    const first = entries()[0];
    first?.focus({ preventScroll: true });
    list.current?.scrollIntoView({ block: "nearest" });
    const outside = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) close(false);
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [isOpen.value]);

  function keys(event: KeyboardEvent): void {
    const all = entries();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) all[to % all.length]?.focus();
    else if (event.key === "Escape") close(true);
    else {
      if (event.key === "Tab") close(false);
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <div class={`menu ${className}`} ref={root}>
      <Button
        kind="quiet"
        icon={icon}
        label={label}
        onClick={() => {
          isOpen.value = !isOpen.value;
          if (isOpen.value) onOpen?.();
        }}
        more={{
          "aria-haspopup": "menu",
          "aria-expanded": isOpen.value,
          "aria-controls": isOpen.value ? id : undefined,
        }}
      />
      {isOpen.value && (
        <div
          class="menu-list"
          role="menu"
          id={id}
          aria-label={label}
          ref={list}
          onKeyDown={keys}
          tabIndex={-1}
        >
          {items().map((item) => (
            <Item key={item.label} item={item} close={close} />
          ))}
        </div>
      )}
    </div>
  );
}

function Item({ item, close }: { item: MenuItem; close: (toButton: boolean) => void }) {
  const content = (
    <>
      {item.icon && <Icon name={item.icon} />}
      <span>{item.label}</span>
    </>
  );
  const className = item.isDanger ? "danger" : "";
  if (item.href !== undefined) {
    return (
      <a role="menuitem" tabIndex={-1} class={className} href={item.href} onClick={() => close(false)}>
        {content}
      </a>
    );
  }
  return (
    <button
      type="button"
      role="menuitem"
      tabIndex={-1}
      class={className}
      onClick={() => {
        close(true);
        item.run?.();
      }}
    >
      {content}
    </button>
  );
}
