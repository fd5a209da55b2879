/** What the page was given: index.html has it in two meta elements. */

export const apiUrl = value("plaza-url");
export const publishableKey = value("plaza-key");
/** Where supabase-js keeps the session in localStorage. session.ts and boot.ts read it there, also offline. */
export const sessionKey = "plaza.session";

function value(name: string): string {
  const content = document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? "";
  if (!content || content.startsWith("%")) throw new Error(`index.html lacks its ${name}`);
  return content;
}
