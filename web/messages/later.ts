/** The words of all pages but the first, in English. */
import type { en, Message } from "./en.ts";

export const later = {
  // The keyboard
  keys_hint: "Turn them off if single letters are in your way.",
  keys_on: "Use shortcuts",

  // Signing in
  email: "E-mail",
  password: "Password",

  // Posts
  audience_everyone: "Everyone",

  // Posts, continued
  answers: "Answers",
  answers_all: "All answers",
  answers_new: { one: "{count} new answer", other: "{count} new answers" },
  answers_none: "No answers yet",
  likes_count: { one: "{count} like", other: "{count} likes" },
  likes_hidden: "You see the likes of people who show them, and those of your own posts.",
  people_none: "Nobody to show",
  post_not_here: "This post was deleted, or you cannot see it.",
  post_saved: "Your change is saved.",
  post_sent: "Your post is out.",
  quotes_count: { one: "{count} quote", other: "{count} quotes" },
  quotes_none: "Nobody has quoted it yet",
  reposts_count: { one: "{count} repost", other: "{count} reposts" },
  version_until: "Until",
  versions_none: "It was never edited",

  // Writing
  compose_audience: "Who can read it",
  compose_edit: "Edit the post",
  compose_keep: "Keep as draft",
  compose_kept:
    "What you write is kept on this device until you send it. A post has up to {most} characters.",
  compose_language: "Language",
  compose_later: "Publish later",
  compose_left: { one: "{count} character left", other: "{count} characters left" },
  compose_more: "Title, warning",
  compose_no_language: "Not said",
  compose_reply: "Your answer",
  compose_schedule: "Schedule",
  compose_send: "Post",
  compose_text: "Your post",
  compose_title: "Title",
  compose_too_long: {
    one: "That is {count} character too long.",
    other: "That is {count} characters too long.",
  },
  compose_warning: "Content warning",
  compose_warning_hint: "People see it first, and open the post if they want to.",
  compose_when: "Day and time",
  draft: "Draft",
  draft_at: "Will be published:",
  draft_failed: "It could not be published:",
  draft_publish: "Post now",
  draft_saved: "The draft is kept.",
  draft_scheduled: "The post is scheduled.",
  drafts_empty: "You have no drafts",

  // Tags, lists, bookmarks
  bookmarks_empty: "No bookmarks yet",
  bookmarks_empty_hint: "Keep a post with the ribbon below it. Only you see your bookmarks.",
  list_add: "Add",
  list_delete: "Delete this list?",
  list_delete_text: "The people on it stay where they are. Only the list goes.",
  list_edit: "Edit the list",
  list_empty: "Nothing here yet",
  list_empty_hint: "Add people, and their posts come here.",
  list_name: "Name",
  list_new: "New list",
  list_nobody: "Nobody is on this list yet.",
  list_people: "People",
  list_private: "Only for you",
  list_private_hint: "Nobody else sees this list. The people on it are never told.",
  list_public: "For everyone",
  list_remove: "Remove",
  list_search: "Find people",
  lists_empty: "You have no lists",
  lists_empty_hint: "A list shows the posts of a few people, whether you follow them or not.",
  tag_empty: "Nobody has used this tag yet",
  tag_follow: "Follow",
  tag_followed: "Following",
  tag_write: "Write the first post",

  // Errors. error_<code>: docs/errors.md. A code without a message here is told in the server's words.
  error_invalid_credentials: "The e-mail address or the password is wrong.",
  error_email_not_confirmed: "Confirm your e-mail address first. We sent you a mail.",
  error_draft_not_found: "This draft is not there any more. It may be published.",
  error_list_not_found: "This list is not there, or you cannot see it.",
  error_content_length: "Write something first, up to 10,000 characters.",
  error_post_not_found: "This post is not there, or you cannot see it.",
  error_profile_not_found: "This person is not there, or you cannot see them.",

  // People, signing up, settings

  // Notifications, chat, search, trends
} as const satisfies Record<string, Message>;

/** Every word, in some language. */
export type Messages = Record<keyof typeof en | keyof typeof later, Message>;
