/**
 * The words of Auth's own mails: a subject, HTML, and the same as text. Every value
 * is escaped.
 */
export type MailAction = "signup" | "invite" | "magiclink" | "recovery" | "email_change" | "reauthentication";

export interface MailContent {
  action: MailAction;
  /** The one-time code. */
  token: string;
  /** The URL of /verify. Absent for reauthentication, which works with the code only. */
  link?: string;
  /** Only with email_change: the address that the user wants to have. */
  newEmail?: string;
}

interface Wording {
  subject: string;
  lead: string;
  button: string;
}

const wordings: Record<MailAction, (content: MailContent) => Wording> = {
  signup: () => ({
    subject: "Confirm your e-mail address",
    lead: "Follow this link to confirm your address and finish signing up:",
    button: "Confirm my address",
  }),
  invite: () => ({
    subject: "You have been invited",
    lead: "You have been invited to create an account. Follow this link to accept:",
    button: "Accept the invitation",
  }),
  magiclink: () => ({
    subject: "Your sign-in link",
    lead: "Follow this link to sign in. It works once, and not for long:",
    button: "Sign in",
  }),
  recovery: () => ({
    subject: "Reset your password",
    lead: "Follow this link to choose a new password. If you did not ask for it, ignore this mail:",
    button: "Reset my password",
  }),
  email_change: ({ newEmail = "" }) => ({
    subject: "Confirm your new e-mail address",
    lead: `Follow this link to confirm that your address becomes ${newEmail}:`,
    button: "Confirm the change",
  }),
  reauthentication: ({ token }) => ({
    subject: `${token} is your verification code`,
    lead: "Enter this code to confirm that it is you.",
    button: "",
  }),
};

export function renderMail(content: MailContent): { subject: string; html: string; text: string } {
  const { subject, lead, button } = wordings[content.action](content);
  const { link, token } = content;
  const anchor = link ? `<p><a href="${escapeHtml(link)}">${button}</a></p>\n` : "";
  const code = link ? `Alternatively, enter the code: ${token}` : `Your code: ${token}`;
  return {
    subject,
    html: `<h2>${escapeHtml(subject)}</h2>\n<p>${escapeHtml(lead)}</p>\n${anchor}<p>${escapeHtml(code)}</p>\n`,
    text: `${subject}\n\n${lead}\n${link ? `\n${link}\n` : ""}\n${code}\n`,
  };
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (char) => entities[char] as string);
}
