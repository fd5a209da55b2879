/** Links to the parts of a page, such as the posts and replies of a profile. Each part has its own address. */
import { useLayoutEffect, useRef } from "preact/hooks";
import { address } from "../app/router.ts";

export interface Tab {
  href: string;
  label: string;
}

export function Tabs({ tabs, label }: { tabs: Tab[]; label: string }) {
  const element = useRef<HTMLElement>(null);
  const here = ordered(address.value);
  // On a small phone they do not all fit.
  useLayoutEffect(() => {
    const bar = element.current;
    if (!bar) return undefined;
    const show = () => {
      const current = bar.querySelector<HTMLElement>("[aria-current]");
      if (current) bar.scrollLeft = current.offsetLeft - (bar.clientWidth - current.offsetWidth) / 2;
    };
    show();
    const resized = new ResizeObserver(show);
    resized.observe(bar);
    return () => resized.disconnect();
  }, [here]);
  return (
    <nav class="tabs" aria-label={label} ref={element}>
      {tabs.map((tab) => (
        <a key={tab.href} href={tab.href} aria-current={ordered(tab.href) === here ? "page" : undefined}>
          {tab.label}
        </a>
      ))}
    </nav>
  );
}

/** Whatever the order of its parameters is, it is the same address. */
function ordered(to: string): string {
  const url = new URL(to, location.origin);
  url.searchParams.sort();
  return url.href;
}
