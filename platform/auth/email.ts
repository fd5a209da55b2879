/** E-mail addresses as Auth accepts them. Source: supabase/auth internal/api/mail.go, badoux/checkmail. */
import { invalid } from "./errors.ts";

const label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
const form = new RegExp(`^[a-zA-Z0-9.!#$%&'*+/=?^_\`{|}~-]+@${label}(?:\\.${label})*$`);

/** Checks an address. @returns it in lower case. @throws AuthError validation_failed */
export function readEmail(email: string): string {
  if (email === "") throw invalid("An email address is required");
  if (email.length > 255) throw invalid("An email address is too long");
  if (!form.test(email)) throw invalid("Unable to validate email address: invalid format");
  return email.toLowerCase();
}
