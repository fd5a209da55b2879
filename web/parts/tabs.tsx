/** Links to the parts of a page, such as the posts and replies of a profile. Each part has its own address. */
import { address } from "../app/router.ts";

export interface Tab {
  href: string;
  label: string;
}

export function Tabs({ tabs, label }: { tabs: Tab[]; label: string }) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <a key={tab.href} href={tab.href} aria-current={tab.href === address.value ? "page" : undefined}>
          {tab.label}
        </a>
      ))}
    </nav>
  );
}
