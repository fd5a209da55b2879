/** The menu of a post: what one does more rarely. */
import { t } from "../app/messages.ts";
import type { Card } from "../app/plaza.ts";
import { toast } from "../app/toasts.ts";
import { Menu, type MenuItem } from "./menu.tsx";
import { profilePath } from "./person-line.tsx";

export function PostMenu({ card }: { card: Card }) {
  return <Menu class="post-menu" label={t("more_about_post")} items={() => itemsOf(card)} />;
}

function itemsOf(card: Card): MenuItem[] {
  return [
    { label: t("copy_link"), icon: "globe", run: () => copyLink(card) },
    {
      label: t("go_to_profile", { name: `@${card.author.username}` }),
      icon: "person",
      href: profilePath(card.author),
    },
  ];
}

async function copyLink(card: Card): Promise<void> {
  await navigator.clipboard.writeText(`${location.origin}/posts/${card.id}`);
  toast(t("link_copied"));
}
