/** What mallory writes everywhere, and every page and field that alice visits then. hostile-text.test.ts uses it. */
import { type Person, signUp } from "../people.ts";
import { follow, say } from "./chat.ts";

/** Sets `window.broken` if it ever becomes HTML, and asks another site for a picture. 50 letters fit everywhere. */
export const bait = `"><img src=//evil/a onerror=broken=1>{{7*7}}`;

export interface Visit {
  /** Its path in web/app/routes.ts. */
  route: string;
  /** The same with values. */
  at?: string;
  /** Nobody is signed in. */
  isGuest?: boolean;
  /** The names of the buttons that alice presses before the fields are there. */
  press?: (string | RegExp)[];
  /** All text fields that the page has then: the source file and the name. */
  fields?: string[];
  /** The button that sends them. */
  send?: string;
  /** The page shows the text of mallory, or the text that was sent. */
  shows?: boolean;
}

/** Mallory fills in all that she can, and alice keeps some of it. @returns where it shows, and where alice can write */
export async function plant(alice: Person, mallory: Person): Promise<Visit[]> {
  const avatar_url = `https://evil.example/${encodeURIComponent(bait)}`;
  await mallory.client
    .from("profiles")
    .update({ bio: bait, avatar_url, shows_likes: true })
    .eq("id", mallory.id)
    .throwOnError();
  await Promise.all([follow(alice, mallory), follow(mallory, alice)]);
  const { data: post } = await mallory.client
    .rpc("write_post", {
      title: bait,
      content: `${bait} @${alice.username} #garden https://evil.example/"onclick=broken=1`,
      language: "en",
    })
    .throwOnError();
  await mallory.client
    .rpc("write_post", { content: bait, content_warning: bait, reply_to_id: post.id })
    .throwOnError();
  await mallory.client
    .from("posts")
    .update({ content: `Edited ${bait} #garden` })
    .eq("id", post.id)
    .throwOnError();
  await mallory.client.from("likes").insert({ post_id: post.id }).throwOnError();
  await alice.client.from("bookmarks").insert({ post_id: post.id }).throwOnError();
  await alice.client.from("drafts").insert({ title: bait, content: bait }).throwOnError();
  const { data: list } = await mallory.client
    .from("lists")
    .insert({ name: bait, is_private: false })
    .select("id")
    .single()
    .throwOnError();
  const { data: own } = await alice.client
    .from("lists")
    .insert({ name: bait })
    .select("id")
    .single()
    .throwOnError();
  const { data: chat } = await mallory.client
    .rpc("direct_conversation", { profile_id: alice.id })
    .throwOnError();
  await say(mallory, chat, bait);
  const { data: group } = await alice.client
    .rpc("create_group", { name: bait, member_ids: [mallory.id] })
    .throwOnError();
  await alice.client
    .rpc("update_group", { conversation_id: group, description: bait, picture_url: avatar_url })
    .throwOnError();
  const { data: invite } = await alice.client.rpc("create_invite", { conversation_id: group }).throwOnError();
  const { data: notices } = await alice.client.rpc("notifications").throwOnError();
  await alice.client
    .from("mutes")
    .insert({ muted_id: (await signUp("dave", { display_name: bait })).id })
    .throwOnError();
  await alice.client
    .from("blocks")
    .insert({ blocked_id: (await signUp("erin", { display_name: bait })).id })
    .throwOnError();

  const profile = `/@${mallory.username}`;
  const about = { route: "/chat/:id/about", at: `/chat/${group}/about` };
  const groupForm = ["pages/chat/group-form.tsx name", "pages/chat/group-form.tsx description"];
  const searchBox = { fields: ["parts/search-box.tsx q"], send: "Search" };
  const message = "pages/chat/composer.tsx message";
  const compose = "pages/compose.tsx content";
  return [
    { route: "/", shows: true },
    { route: "/public", shows: true },
    { route: "/public", shows: true, isGuest: true },
    { route: "/tags/:tag", at: "/tags/garden", shows: true },
    { route: "/lists", press: ["New list"], fields: ["pages/lists.tsx name"], send: "Save", shows: true },
    { route: "/lists/:id", at: `/lists/${list.id}`, shows: true },
    {
      route: "/lists/:id",
      at: `/lists/${own.id}`,
      press: ["People"],
      fields: ["pages/list.tsx query"],
      send: "Search",
      shows: true,
    },
    { route: "/bookmarks", shows: true },
    { route: "/posts/:id", at: `/posts/${post.id}`, shows: true },
    { route: "/posts/:id/:part", at: `/posts/${post.id}/versions`, shows: true },
    { route: "/posts/:id/:part", at: `/posts/${post.id}/likes`, shows: true },
    { route: "/compose", at: `/compose?quote=${post.id}`, fields: [compose], shows: true },
    {
      route: "/compose",
      press: ["Title, warning"],
      fields: [compose, "pages/compose.tsx title", "pages/compose.tsx content_warning"],
      send: "Post",
      shows: true,
    },
    {
      route: "/compose",
      // An empty post cannot be scheduled.
      at: "/compose?text=Later",
      press: ["Publish later"],
      fields: [compose, "pages/compose.tsx at"],
      send: "Schedule",
    },
    { route: "/drafts", shows: true },
    {
      route: "/sign-in",
      isGuest: true,
      fields: ["pages/sign-in.tsx email", "pages/sign-in.tsx password"],
      send: "Sign in",
    },
    { route: "/search", ...searchBox },
    { route: "/search", at: `/search?in=people&q=${mallory.username}`, ...searchBox },
    { route: "/trends" },
    { route: "/notifications", shows: true },
    { route: "/notifications/settings" },
    { route: "/notifications/:group", at: `/notifications/${notices[0].group_id}`, shows: true },
    { route: "/chat", shows: true },
    {
      route: "/chat/new",
      press: ["New group", /mallory/],
      fields: ["pages/chat/people-picker.tsx people", "pages/chat/new.tsx name"],
      send: "Make the group",
      shows: true,
    },
    { route: "/chat/settings" },
    { route: "/chat/search", ...searchBox },
    { route: "/chat/:id", at: `/chat/${chat}`, fields: [message], send: "Send", shows: true },
    {
      route: "/chat/:id",
      at: `/chat/${chat}`,
      press: ["More about this message", "React"],
      fields: [message, "pages/chat/message-actions.tsx emoji"],
      send: "React",
    },
    { ...about, fields: groupForm, send: "Save", shows: true },
    {
      ...about,
      press: ["New link"],
      fields: [...groupForm, "pages/chat/invites.tsx uses"],
      send: "Make the link",
    },
    { route: "/join/:code", at: `/join/${invite}`, shows: true },
    {
      route: "/sign-up",
      isGuest: true,
      fields: [
        "parts/account-fields.tsx username",
        "pages/sign-up.tsx display_name",
        "pages/sign-up.tsx email",
        "parts/account-fields.tsx password",
      ],
      send: "Join the plaza",
    },
    {
      route: "/confirm",
      isGuest: true,
      fields: ["pages/confirm.tsx email", "pages/confirm.tsx code"],
      send: "Confirm",
    },
    { route: "/recover", isGuest: true, fields: ["pages/recover.tsx email"], send: "Send me a mail" },
    { route: "/new-password", fields: ["parts/account-fields.tsx password"] },
    { route: "/people" },
    { route: "/requests" },
    { route: "/requests/:side", at: "/requests/sent" },
    { route: "/settings" },
    {
      route: "/settings/profile",
      fields: [
        "pages/settings/profile.tsx display_name",
        "parts/account-fields.tsx username",
        "pages/settings/profile.tsx bio",
        "pages/settings/profile.tsx links",
      ],
      send: "Save",
    },
    { route: "/settings/privacy" },
    { route: "/settings/look" },
    { route: "/settings/muted", shows: true },
    { route: "/settings/blocked", shows: true },
    {
      route: "/settings/password",
      fields: ["parts/account-fields.tsx own_password", "parts/account-fields.tsx password"],
      send: "Save",
    },
    {
      route: "/settings/email",
      fields: ["pages/settings/email.tsx email", "parts/account-fields.tsx own_password"],
      send: "Send the mails",
    },
    { route: "/settings/devices" },
    {
      route: "/settings/delete",
      fields: ["pages/settings/delete.tsx name", "parts/account-fields.tsx own_password"],
      send: "Delete my account",
    },
    { route: "/@:username/followers", at: `/@${alice.username}/followers`, shows: true },
    { route: "/@:username/following", at: `/@${alice.username}/following`, shows: true },
    { route: "/@:username", at: profile, shows: true },
    { route: "/@:username/:tab", at: `${profile}/replies`, shows: true },
  ];
}
