/** Light or dark, and how much contrast: as the system says, or as the person chose here. */
import { signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
export type Contrast = "system" | "more";

export const theme = signal((localStorage.getItem("plaza.theme") ?? "system") as Theme);
export const contrast = signal((localStorage.getItem("plaza.contrast") ?? "system") as Contrast);

/** Call it once at the start; then it follows the signals. */
export function applyTheme(): void {
  theme.subscribe((value) => put("theme", value));
  contrast.subscribe((value) => put("contrast", value));
}

function put(name: "theme" | "contrast", value: string): void {
  if (value === "system") {
    delete document.documentElement.dataset[name];
    localStorage.removeItem(`plaza.${name}`);
  } else {
    document.documentElement.dataset[name] = value;
    localStorage.setItem(`plaza.${name}`, value);
  }
}
