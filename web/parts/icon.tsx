/** The icons, drawn as lines on a grid of 24. They are decoration: the button or link has the words. */

const shapes = {
  home: "M4 11.5 12 4l8 7.5M6.5 9.5V20h11V9.5M10 20v-5.5h4V20",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM15.5 15.5 20 20",
  bell: "M6.5 17V11a5.5 5.5 0 0 1 11 0v6M4.5 17h15M10 20.2h4",
  chat: "M5 5h14a1.5 1.5 0 0 1 1.5 1.5v8A1.5 1.5 0 0 1 19 16h-7.5L7 20v-4H5a1.5 1.5 0 0 1-1.5-1.5v-8A1.5 1.5 0 0 1 5 5Z",
  trend: "M4 17 9.5 11l3.5 3.5L20 7M15 7h5v5",
  people:
    "M9 11a3.2 3.2 0 1 0 0-6.4A3.2 3.2 0 0 0 9 11ZM3 19.5a6 6 0 0 1 12 0M15.5 5a3 3 0 0 1 0 5.8M17 14.2a6 6 0 0 1 4 5.3",
  person: "M12 11.5a3.7 3.7 0 1 0 0-7.5 3.7 3.7 0 0 0 0 7.5ZM4.8 20a7.2 7.2 0 0 1 14.4 0",
  globe:
    "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM3.8 12h16.4M12 3.5c2.8 2.6 3.8 5.4 3.8 8.5s-1 5.9-3.8 8.5c-2.8-2.6-3.8-5.4-3.8-8.5s1-5.9 3.8-8.5Z",
  list: "M9 6.5h11M9 12h11M9 17.5h11M4.5 6.5h.01M4.5 12h.01M4.5 17.5h.01",
  bookmark: "M6.5 4h11v16L12 15.8 6.5 20Z",
  settings:
    "M4 7h9M17 7h3M4 17h3M11 17h9M15 9.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4ZM9 19.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4Z",
  pen: "M4 20l.8-4L15.5 5.3a1.8 1.8 0 0 1 2.6 0l.6.6a1.8 1.8 0 0 1 0 2.6L8 19.2ZM13.5 7.3l3.2 3.2",
  plus: "M12 5v14M5 12h14",
  heart: "M12 19.5C6.5 15.8 4 12.8 4 9.3A4.3 4.3 0 0 1 12 7a4.3 4.3 0 0 1 8 2.3c0 3.5-2.5 6.5-8 10.2Z",
  repost: "M7 8h9a3 3 0 0 1 3 3v1.5M17 16H8a3 3 0 0 1-3-3v-1.5M9.5 5 6.5 8l3 3M14.5 13l3 3-3 3",
  reply: "M9.5 6 4 11.5 9.5 17M4.5 11.5H14a6 6 0 0 1 6 6v1",
  quote: "M10 7H5.5v5.5H10V8.5M10 12c0 2.5-1 4-3.5 5M18.5 7H14v5.5h4.5V8.5M18.5 12c0 2.5-1 4-3.5 5",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  back: "M10.5 5.5 4 12l6.5 6.5M4.5 12H20",
  close: "M6 6l12 12M18 6 6 18",
  check: "M5 12.5 10 17.5 19 7.5",
  clock: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM12 7.5V12l3 2",
  lock: "M6.5 11h11v9h-11ZM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  at: "M15.5 12a3.5 3.5 0 1 1-7 0 3.5 3.5 0 0 1 7 0ZM15.5 8.5V13a2.5 2.5 0 0 0 5 0v-1a8.5 8.5 0 1 0-3.5 6.9",
  warning: "M12 4 21 19.5H3ZM12 10v4.5M12 17h.01",
  offline:
    "M4 4l16 16M8.5 14.5a5 5 0 0 1 6.5-.5M5.5 11.5a9 9 0 0 1 4-2.3M18.5 11.5a9 9 0 0 0-5.5-2.7M12 18.5h.01",
  up: "M12 19V6M6 11.5 12 5.5l6 6",
  down: "M6 9.5 12 15.5l6-6",
  send: "M4 12 20 4.5 15 20l-3.5-6.5ZM11.5 13.5 20 4.5",
  trash: "M5 7h14M9.5 7V4.5h5V7M7 7l.8 12.5h8.4L17 7M10.5 10.5v5.5M13.5 10.5v5.5",
  door: "M14 4H6v16h8M10 12h10M16.5 8.5 20 12l-3.5 3.5",
  tag: "M9.5 4 7.5 20M16.5 4l-2 16M4.5 9h16M3.5 15h16",
  sun: "M12 16.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4",
  key: "M8 15.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 11.5h8.5v3.5M17 11.5v2.5",
  mute: "M4 4l16 16M6.5 17V11c0-1 .2-1.9.7-2.7M9.5 6.1a5.5 5.5 0 0 1 8 4.9v3.5M4.5 17H16M10 20.2h4",
  pin: "M9 4h6l-1 6 3.5 3.5h-11L10 10ZM12 13.5V20",
  archive: "M4 5h16v4H4ZM5.5 9v10h13V9M10 13h4",
  smile: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM8.5 14a4 4 0 0 0 7 0M9 9.5h.01M15 9.5h.01",
} as const;

export type IconName = keyof typeof shapes;

/** They point to one side, and to the other one where people read from right to left. */
const turning = new Set<IconName>(["back", "reply", "send", "door"]);

/** @param isFull fills the shape, for a like that was given */
export function Icon({ name, isFull = false }: { name: IconName; isFull?: boolean }) {
  return (
    <svg
      class={`icon ${isFull ? "full" : ""} ${name === "more" ? "dots" : ""} ${turning.has(name) ? "turns" : ""}`}
      viewBox="0 0 24 24"
      aria-hidden="true"
      focusable="false"
    >
      <path d={shapes[name]} />
    </svg>
  );
}
