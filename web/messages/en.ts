/**
 * The words of the first page, in English. All other words are in later.ts, which is loaded with the first page
 * that is not home. Other languages have all of them in one file. `{name}` is replaced. A message with two forms is
 * chosen by `count`.
 */
export type Message = string | { one: string; other: string };

export const en = {
  // Everywhere
  ago_days: "{days} days ago",
  ago_hours: "{hours} hr. ago",
  ago_minutes: "{minutes} min. ago",
  ago_now: "now",
  ago_yesterday: "yesterday",
  back: "Back",
  broken: "That did not work",
  cancel: "Cancel",
  close: "Close",
  delete: "Delete",
  edit: "Edit",
  loading: "Loading",
  menu: "Menu",
  navigation: "Main",
  navigation_bar: "Main, at the bottom",
  not_found: "Not found",
  not_found_text: "There is no such page.",
  save: "Save",
  skip: "Skip to the content",
  try_again: "Try again",
  undo: "Undo",
  unread_count: { one: "{count} unread", other: "{count} unread" },

  // Places
  bookmarks: "Bookmarks",
  chat: "Messages",
  compose: "New post",
  drafts: "Drafts",
  home: "Home",
  lists: "Lists",
  notifications: "Notifications",
  profile: "Profile",
  public: "Everyone",
  search: "Search",
  settings: "Settings",
  suggestions: "People to follow",
  trends: "Trends",

  // The keyboard
  key_before: "The post before",
  key_help: "This list",
  key_newer: "Show new posts",
  key_next: "The next post",
  key_open: "Open the post",
  keys: "Keyboard shortcuts",

  // The network
  offline: "You are offline.",
  offline_waiting: {
    one: "{count} change waits and will be sent.",
    other: "{count} changes wait and will be sent.",
  },

  // Signing in
  sign_in: "Sign in",
  sign_out: "Sign out",
  sign_up: "Join",
  welcome: "Welcome to the plaza",
  welcome_text:
    "People talk here, and you are welcome. Read what is new, or join and say something yourself.",

  // Feeds
  feed_end: "You have seen it all.",
  feed_new: { one: "{count} new post", other: "{count} new posts" },
  feed_new_many: "Many new posts",
  feed_old: "This is what you read the last time. The newest comes when you are online.",
  home_empty: "Your home is quiet",
  home_empty_hint: "Follow somebody, and their posts come here.",
  public_empty: "Nobody has written anything yet",

  // Posts
  audience_followers: "Followers",
  audience_mentioned: "People mentioned",
  audience_private_account: "A private account: only its followers see it",
  block_name: "Block {name}",
  bookmark: "Bookmark",
  copy_link: "Copy the link",
  go_to_profile: "Go to {name}",
  like: "Like",
  link_copied: "The link is copied.",
  more_about_post: "More about this post",
  mute_name: "Mute {name}",
  post_answers: "answers {name}",
  post_deleted: "This post was deleted.",
  post_edited: "edited",
  post_quoted_gone: "The post that it quotes is not there any more.",
  post_reposted: "reposted",
  post_show_all: "Show all of it",
  quote: "Quote",
  reply: "Answer",
  repost: "Repost",
  repost_undo: "Take the repost back",

  // Posts, continued
  likes: "Likes",
  post: "Post",
  post_delete: "Delete this post?",
  post_delete_text: "It cannot be brought back. Answers to it stay.",
  post_not_sent: "This was not sent.",
  post_people: "Likes, reposts, quotes",
  post_sending: "It is being sent.",
  post_waits: "It will be sent when there is a connection.",
  quotes: "Quotes",
  reposts: "Reposts",
  thread_mute: "Mute this conversation",
  thread_muted: "You will not be notified of this conversation any more.",
  thread_unmute: "Unmute this conversation",
  thread_unmuted: "You will be notified of this conversation again.",
  unmute_name: "Unmute {name}",
  unmuted_name: "{name} is not muted any more.",
  unsent: "Not sent yet",
  versions: "Earlier versions",

  // Writing
  compose_placeholder: "What is new?",

  // Errors. error_<code>: docs/errors.md. A code without a message here is told in the server's words.
  error_network: "There is no connection to the server. Try again in a moment.",
  error_unexpected: "Something went wrong. Try again.",
  error_wait_until: "That was too often. You can go on at {time}.",
  error_username_wait: "You can take the next name at {time}.",

  // Notifications, chat, search, trends
  chat_notes: "Notes to yourself",
  chat_somebody_gone: "Somebody who is not here any more",
  mark_read: "Mark as read",
  look: "Look",
  message_not_sent: "A message was not sent.",
  online: "here now",
  people: "People",
  posts: "Posts",
  reactions: "Reactions",
} as const satisfies Record<string, Message>;
