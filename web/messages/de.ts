/** Every word of the client, in German. */
import type { Messages } from "./en.ts";

export const de: Messages = {
  // Everywhere
  back: "Zurück",
  cancel: "Abbrechen",
  close: "Schließen",
  delete: "Löschen",
  edit: "Bearbeiten",
  loading: "Lädt",
  menu: "Menü",
  navigation: "Hauptmenü",
  navigation_bar: "Hauptmenü, unten",
  not_found: "Nicht gefunden",
  not_found_text: "Diese Seite gibt es nicht.",
  save: "Speichern",
  skip: "Zum Inhalt",
  try_again: "Noch einmal versuchen",
  undo: "Rückgängig",
  unread_count: { one: "{count} ungelesen", other: "{count} ungelesen" },

  // Places
  bookmarks: "Lesezeichen",
  chat: "Nachrichten",
  compose: "Neuer Beitrag",
  drafts: "Entwürfe",
  home: "Start",
  lists: "Listen",
  notifications: "Mitteilungen",
  profile: "Profil",
  public: "Alle",
  search: "Suche",
  settings: "Einstellungen",
  suggestions: "Leute zum Folgen",
  trends: "Trends",

  // The network
  offline: "Du bist offline.",
  offline_waiting: {
    one: "{count} Änderung wartet und wird noch gesendet.",
    other: "{count} Änderungen warten und werden noch gesendet.",
  },

  // Signing in
  email: "E-Mail",
  password: "Passwort",
  sign_in: "Anmelden",
  sign_out: "Abmelden",
  sign_up: "Mitmachen",
  welcome: "Willkommen auf der Plaza",
  welcome_text:
    "Hier reden Leute miteinander, und du bist willkommen. Lies, was es Neues gibt, oder mach mit.",

  // Feeds
  feed_end: "Du hast alles gesehen.",
  feed_new: { one: "{count} neuer Beitrag", other: "{count} neue Beiträge" },
  feed_new_many: "Viele neue Beiträge",
  feed_old: "Das ist der Stand deines letzten Besuchs. Das Neueste kommt, wenn du online bist.",
  home_empty: "Hier ist es noch still",
  home_empty_hint: "Folge jemandem, dann kommen die Beiträge hierher. Du findest Leute unter:",
  public_empty: "Noch hat niemand etwas geschrieben",

  // Posts
  audience_everyone: "Alle",
  audience_followers: "Wer mir folgt",
  audience_mentioned: "Erwähnte",
  audience_private_account: "Ein privates Konto: Nur wer ihm folgt, sieht das",
  bookmark: "Lesezeichen",
  copy_link: "Link kopieren",
  go_to_profile: "Zu {name}",
  like: "Gefällt mir",
  link_copied: "Der Link ist kopiert.",
  more_about_post: "Mehr zu diesem Beitrag",
  post_answers: "antwortet {name}",
  post_deleted: "Dieser Beitrag wurde gelöscht.",
  post_edited: "bearbeitet",
  post_quoted_gone: "Den zitierten Beitrag gibt es nicht mehr.",
  post_reposted: "hat geteilt",
  post_show_all: "Alles zeigen",
  quote: "Zitieren",
  reply: "Antworten",
  repost: "Teilen",
  repost_undo: "Nicht mehr teilen",

  // People, signing up, settings

  // Notifications, chat, search, trends

  // Errors
  error_network: "Der Server ist nicht zu erreichen. Versuche es gleich noch einmal.",
  error_unexpected: "Etwas ging schief. Versuche es noch einmal.",
  error_wait_until: "Das war zu oft. Um {time} geht es weiter.",
  error_invalid_credentials: "Die E-Mail-Adresse oder das Passwort ist falsch.",
  error_email_not_confirmed: "Bestätige zuerst deine E-Mail-Adresse. Wir haben dir eine Mail geschickt.",
  error_post_not_found: "Diesen Beitrag gibt es nicht, oder du kannst ihn nicht sehen.",
  error_profile_not_found: "Diese Person gibt es nicht, oder du kannst sie nicht sehen.",
};
