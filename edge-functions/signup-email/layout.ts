/**
 * The look of a letter, as HTML and as text. Styles are inline, because some mail
 * programs drop style sheets. The others get a dark version too.
 */
import { type Html, html, toText } from "../_shared/html.ts";
import type { Letter } from "./letters.ts";

const font = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";

export function layoutHtml(letter: Letter, appName: string): string {
  return toText(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${letter.subject}</title>
<style>
@media (prefers-color-scheme: dark) {
  .ground { background: #16161a !important; }
  .paper { background: #1f1f25 !important; border-color: #34343d !important; }
  .ink { color: #ececf1 !important; }
  .faint { color: #a2a2ae !important; }
  .code { background: #2c2a4a !important; color: #ececf1 !important; }
}
</style>
</head>
<body class="ground" style="margin:0;padding:24px 12px;background:#f6f6f8;${font}">
<div class="paper" style="max-width:480px;margin:0 auto;padding:32px;background:#ffffff;border:1px solid #e2e2e8;border-radius:12px">
<h1 class="ink" style="margin:0 0 16px;font-size:22px;line-height:1.3;color:#1c1c22">${letter.heading}</h1>
${letter.paragraphs.map(paragraph)}${letter.action && button(letter.action)}${letter.code ? codeBox(letter) : undefined}
<p class="faint" style="margin:24px 0 0;font-size:14px;line-height:1.5;color:#62626e">${letter.footnote}</p>
</div>
<p class="faint" style="margin:16px 0 0;text-align:center;font-size:13px;color:#62626e">${appName}</p>
</body>
</html>
`);
}

export function layoutText(letter: Letter, appName: string): string {
  const blocks = [
    letter.heading,
    ...letter.paragraphs,
    letter.action && `${letter.action.label}:\n${letter.action.url}`,
    letter.code && `${codeIntroduction(letter)} ${letter.code}`,
    letter.footnote,
    `-- \n${appName}`,
  ];
  return `${blocks.filter(Boolean).join("\n\n")}\n`;
}

function paragraph(text: string): Html {
  return html`<p class="ink" style="margin:0 0 16px;font-size:16px;line-height:1.5;color:#1c1c22">${text}</p>
`;
}

function button({ label, url }: NonNullable<Letter["action"]>): Html {
  return html`<p style="margin:24px 0"><a href="${url}" style="display:inline-block;padding:12px 20px;background:#4f46e5;border-radius:8px;color:#ffffff;font-size:16px;font-weight:600;text-decoration:none">${label}</a></p>
`;
}

function codeBox(letter: Letter): Html {
  return html`<p class="ink" style="margin:0 0 8px;font-size:16px;color:#1c1c22">${codeIntroduction(letter)}</p>
<p class="code" style="margin:0;padding:12px;background:#f0f0f5;border-radius:8px;text-align:center;font:600 26px ui-monospace,Menlo,Consolas,monospace;letter-spacing:6px;color:#1c1c22">${letter.code}</p>
`;
}

function codeIntroduction(letter: Letter): string {
  return letter.action ? "Or enter this code:" : "Your code:";
}
