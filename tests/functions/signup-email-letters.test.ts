import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { html, toText } from "../../edge-functions/_shared/html.ts";
import { type Action, payloadSchema } from "../../edge-functions/signup-email/payload.ts";
import { renderMails } from "../../edge-functions/signup-email/render.ts";
import { readSettings } from "../../edge-functions/signup-email/settings.ts";
import { actions, payloadOf } from "./signup-email-payloads.ts";

const words = { appName: "Plaza" };

function render(action: Action, change: Parameters<typeof payloadOf>[1] = {}, appName = "Plaza") {
  return renderMails(payloadSchema.parse(payloadOf(action, change)), { appName });
}

/** The addresses of the links in a mail. */
function links(markup: string): URL[] {
  return [...markup.matchAll(/href="([^"]*)"/g)].map(
    ([, href = ""]) => new URL(href.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))),
  );
}

test.each(actions)("%s gives one short mail, or two for a change of address", (action) => {
  const mails = render(action);
  expect(mails).toHaveLength(action === "email_change" ? 2 : 1);
  for (const mail of mails) {
    expect(mail.subject).toContain("Plaza");
    expect(mail.html.length).toBeLessThan(5000);
    expect(mail.html).not.toMatch(/undefined|\[object|<script|<img/);
    expect(mail.text).not.toMatch(/undefined|\[object|<|&#/);
    expect(mail.text).toMatch(/\n-- \nPlaza\n$/);
  }
});

test.each(["signup", "invite", "recovery", "magiclink", "email"] as const)(
  "%s has the link and the code, in HTML and in text",
  (action) => {
    const redirect = "https://app.example.com/welcome?next=/a&b=c d#ä";
    const [mail] = render(action, { email_data: { redirect_to: redirect } });
    const [link, ...others] = links(mail?.html ?? "");
    expect(others).toEqual([]);
    expect(`${link?.origin}${link?.pathname}`).toBe("http://127.0.0.1:54321/auth/v1/verify");
    expect(Object.fromEntries(link?.searchParams ?? [])).toEqual({
      token: "hash-of-the-token",
      type: action,
      redirect_to: redirect,
    });
    expect(mail?.text).toContain(`\n${link?.href}\n`);
    for (const version of [mail?.html, mail?.text]) expect(version).toContain("305805");
  },
);

test("a reauthentication mail has a code and no link", () => {
  const [mail] = render("reauthentication");
  expect(mail?.text).toContain("Your code: 305805");
  expect(links(mail?.html ?? "")).toEqual([]);
});

test("a change of address gives each address its own token, though Auth crosses their names", () => {
  const [toNew, toCurrent] = render("email_change", {
    email_data: {
      ...{ token: "111111", token_hash_new: "hash-for-current" },
      ...{ token_new: "222222", token_hash: "hash-for-new" },
    },
  });
  for (const [mail, to, code, token] of [
    [toNew, "alice.new@example.com", "222222", "hash-for-new"],
    [toCurrent, "alice@example.com", "111111", "hash-for-current"],
  ] as const) {
    expect(mail?.to).toBe(to);
    expect(mail?.text).toContain(`Or enter this code: ${code}`);
    expect(mail?.text).toContain("Confirm both");
    const [link] = links(mail?.html ?? "");
    expect(link?.searchParams.get("token")).toBe(token);
    expect(link?.searchParams.get("type")).toBe("email_change");
  }
});

test("without double confirmation only the new address gets a mail", () => {
  const single = { token: "333333", token_hash: "hash-for-new", token_new: "", token_hash_new: "" };
  const [mail, ...others] = render("email_change", { email_data: single });
  expect(others).toEqual([]);
  expect(mail?.to).toBe("alice.new@example.com");
  expect(mail?.text).toContain("333333");
  expect(mail?.text).not.toContain("Confirm both");
});

test("an anonymous person who adds an address gets a mail there, with only a link if Auth gives no code", () => {
  const anonymous = { token: "", token_hash: "hash-for-new", token_new: "", token_hash_new: "" };
  const [mail, ...others] = render("email_change", { user: { email: "" }, email_data: anonymous });
  expect(others).toEqual([]);
  expect(mail?.to).toBe("alice.new@example.com");
  expect(mail?.text).not.toContain("code");
});

test("the notice of a changed address goes to the old address", () => {
  const [mail] = render("email_changed_notification", { email_data: { old_email: "alice.old@example.com" } });
  expect(mail?.to).toBe("alice.old@example.com");
  expect(mail?.text).toContain("from alice.old@example.com to alice@example.com");
});

test("a notice says what has changed", () => {
  const text = (action: Action, data: Record<string, string>) =>
    render(action, { email_data: data })[0]?.text;
  expect(text("identity_linked_notification", { provider: "github" })).toContain("Github can now");
  expect(text("identity_unlinked_notification", { provider: "" })).toContain("Another service no longer");
  expect(text("mfa_factor_enrolled_notification", { factor_type: "totp" })).toContain("an authenticator app");
  expect(text("mfa_factor_unenrolled_notification", { factor_type: "new" })).toContain("protected by new.");
  expect(text("phone_changed_notification", { old_phone: "" })).toContain("was changed to 491700000000.");
});

test.each([
  ["http://127.0.0.1:54321/auth/v1", "http://127.0.0.1:54321/auth/v1/verify"],
  ["https://ref.supabase.co/auth/v1/", "https://ref.supabase.co/auth/v1/verify"],
  ["https://example.com", "https://example.com/auth/v1/verify"],
  ["https://example.com/base/", "https://example.com/base/auth/v1/verify"],
])("a site_url of %s leads to %s", (siteUrl, verify) => {
  const [mail] = render("signup", { email_data: { site_url: siteUrl } });
  const [link] = links(mail?.html ?? "");
  expect(`${link?.origin}${link?.pathname}`).toBe(verify);
});

test("links use SUPABASE_PUBLIC_URL rather than the payload's site_url", () => {
  const payload = payloadSchema.parse(payloadOf("signup", { email_data: { site_url: "http://auth:9999" } }));
  const [mail] = renderMails(payload, { ...words, publicUrl: "https://plaza.example.com" });
  expect(links(mail?.html ?? "")[0]?.href).toMatch(/^https:\/\/plaza\.example\.com\/auth\/v1\/verify\?/);
});

test("links use the project's own address if site_url is not the address of Auth", () => {
  const payload = payloadSchema.parse(
    payloadOf("signup", { email_data: { site_url: "https://plaza.example" } }),
  );
  const [mail] = renderMails(payload, { ...words, projectUrl: "https://ref.supabase.co" });
  expect(links(mail?.html ?? "")[0]?.href).toMatch(/^https:\/\/ref\.supabase\.co\/auth\/v1\/verify\?/);
  const today = payloadSchema.parse(
    payloadOf("signup", { email_data: { site_url: "https://own.example/auth/v1" } }),
  );
  const [now] = renderMails(today, { ...words, projectUrl: "https://ref.supabase.co" });
  expect(links(now?.html ?? "")[0]?.origin).toBe("https://own.example");
});

test.each(["signup", "invite", "recovery", "magiclink", "email"] as const)(
  "%s leads to the frontend's page with the token's hash in the fragment, if the frontend asked for it",
  (action) => {
    const [mail] = render(action, {
      email_data: { redirect_to: "https://plaza.example/confirm?next=%2Fchat&link=token_hash#old" },
    });
    const link = `https://plaza.example/confirm?next=%2Fchat#token_hash=hash-of-the-token&type=${action}`;
    expect(links(mail?.html ?? "").map(({ href }) => href)).toEqual([link]);
    expect(mail?.text).toContain(`\n${link}\n`);
    expect(mail?.text).toContain("305805");
  },
);

test("both mails of a change of address lead to the frontend's page, each with its own token", () => {
  const redirect_to = "https://plaza.example/confirm?link=token_hash";
  const mails = render("email_change", { email_data: { redirect_to, token_hash: "hash-for-new" } });
  expect(mails.map((mail) => links(mail.html)[0]?.href)).toEqual([
    "https://plaza.example/confirm#token_hash=hash-for-new&type=email_change",
    "https://plaza.example/confirm#token_hash=hash-for-current&type=email_change",
  ]);
});

test("only a web page can be such a page, and only if it was asked for", () => {
  for (const redirect_to of [
    "https://plaza.example/confirm",
    "https://plaza.example/confirm?link=other",
    "javascript:alert(1)//?link=token_hash",
    "app://plaza/confirm?link=token_hash",
    "?link=token_hash",
    "",
  ]) {
    const [mail] = render("signup", { email_data: { redirect_to } });
    const [link] = links(mail?.html ?? "");
    expect(link?.pathname).toBe("/auth/v1/verify");
    expect(link?.searchParams.get("redirect_to") ?? "").toBe(redirect_to);
  }
});

test("a site_url that is not a web address is refused", () => {
  for (const siteUrl of ["javascript:alert(1)", "", "example.com", "data:text/html,x"]) {
    expect(() => render("signup", { email_data: { site_url: siteUrl } })).toThrow();
  }
});

test("a mail repeats a well-formed username, and not mallory's advertisement", () => {
  const mail = (username: unknown) =>
    render("signup", { user: { user_metadata: { username, display_name: "Win at evil.example" } } })[0]?.text;
  expect(mail("alice_1")).toContain("signed up with this e-mail address for the account @alice_1.");
  for (const name of [
    "Win at evil.example",
    "<b>x</b>",
    "al",
    "a".repeat(31),
    "alice\r\nBcc: x",
    7,
    null,
    {},
  ]) {
    expect(mail(name)).toContain("signed up with this e-mail address.");
    expect(mail(name)).not.toMatch(/@(?!example)|evil/);
  }
});

test("the first mail says whose account it confirms, and not to confirm another's", () => {
  const [mail] = render("signup", { user: { user_metadata: { username: "mallory" } } });
  for (const version of [mail?.html, mail?.text]) {
    expect(version).toContain("for the account @mallory.");
    expect(version).toContain("You did not sign up, or not as @mallory? Then do not confirm");
  }
});

test("a later mail of the same sign-up names nobody, and asks for a password and a username", () => {
  const user = { confirmation_sent_at: new Date().toISOString(), user_metadata: { username: "mallory" } };
  const [mail] = render("signup", { user });
  for (const version of [mail?.html, mail?.text]) {
    expect(version).toContain("Then choose a password and a username.");
    expect(version).not.toContain("mallory");
  }
});

test("alice is greeted by her username once her address is confirmed, and not before", () => {
  expect(render("recovery")[0]?.text).toContain("Hello alice.");
  const unconfirmed = { user: { email_confirmed_at: undefined } };
  expect(render("recovery", unconfirmed)[0]?.text).toContain("Hello. Somebody");
});

describe("nothing in a payload becomes markup, a header or a new line", () => {
  const hostile = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.constantFrom(
      "</title><script>alert(1)</script>",
      '" onmouseover="alert(1)',
      "' style='x",
      "<!-- ",
      "&lt;img src=x onerror=alert(1)&gt;",
      "x\r\nBcc: mallory@example.com\r\n\r\n<b>",
      "\u202eelpmaxe\u2028",
    ),
  );
  const tags = (markup: string) => markup.match(/<[^>]*>/g)?.map((tag) => tag.replace(/"[^"]*"/g, '""'));
  const local = fc.stringMatching(/^[a-z.!#$%&'*+/=?^_`{|}~-]{1,20}$/).map((name) => `${name}@example.com`);

  test.each(actions)("%s", (action) => {
    const benign = render(action);
    fc.assert(
      fc.property(fc.record({ text: hostile, name: hostile, address: local, app: hostile }), (attack) => {
        const { text, name, address } = attack;
        const mails = render(
          action,
          {
            user: {
              email: address,
              new_email: address,
              phone: text.slice(0, 40) || "1",
              user_metadata: { username: name, display_name: text, [name]: text },
            },
            email_data: {
              ...{ redirect_to: text, provider: text, factor_type: text, old_email: address },
              ...{
                token: text || "1",
                token_hash: name || "1",
                token_new: name,
                old_phone: text.slice(0, 40),
              },
            },
          },
          attack.app,
        );
        for (const [index, mail] of mails.entries()) {
          expect(mail.to).toBe(address);
          expect(mail.subject).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
          // Other words give the same elements with the same attributes. Only a blank code has no element.
          const expected = tags(benign[index]?.html ?? "");
          const found = tags(mail.html);
          if (mail.html.includes('class="code"')) expect(found).toEqual(expected);
          else expect(new Set(found).isSubsetOf(new Set(expected))).toBe(true);
          expect(mail.text.split("\n").length).toBeLessThanOrEqual(
            benign[index]?.text.split("\n").length ?? 0,
          );
        }
      }),
      { numRuns: 60 },
    );
  });
});

test("html`` escapes its values, and only them", () => {
  const inner = html`<b title="${`"'<`}">${"<&>"}</b>`;
  expect(toText(html`<p>${inner}${[inner]}${undefined}${0}</p>`)).toBe(
    `<p>${'<b title="&#34;&#39;&#60;">&#60;&#38;&#62;</b>'.repeat(2)}0</p>`,
  );
  // An object from JSON may look like markup. It is escaped too.
  expect(() => toText(html`${JSON.parse('{"value":"<b>"}')}`)).not.toThrow();
  expect(toText(html`${JSON.parse('{"value":"<b>"}')}`)).not.toContain("<b>");
});

describe("settings", () => {
  const env = {
    SEND_EMAIL_HOOK_SECRETS: `v1,whsec_${btoa("0123456789abcdef0123456789abcdef")}`,
    MAIL_FROM: "Plaza <hello@example.com>",
    SMTP_HOST: "smtp.example.com",
  };
  const read = (change: Record<string, string | undefined>) => {
    const all: Record<string, string | undefined> = { ...env, ...change };
    return readSettings((name) => all[name]);
  };

  test("are SMTP over TLS by default", () => {
    expect(read({})).toMatchObject({
      appName: "Plaza",
      from: { name: "Plaza", address: "hello@example.com" },
      delivery: { by: "smtp", host: "smtp.example.com", port: 465, security: "tls", login: undefined },
    });
  });

  test("require STARTTLS on other ports, except on this machine", () => {
    expect(read({ SMTP_PORT: "2587" })).toMatchObject({ delivery: { security: "starttls" } });
    expect(read({ SMTP_PORT: "54325", SMTP_HOST: "127.0.0.1" })).toMatchObject({
      delivery: { security: "none" },
    });
    expect(read({ SMTP_PORT: "1025", SMTP_SECURE: "none" })).toMatchObject({
      delivery: { security: "none" },
    });
  });

  test("need no MAIL_FROM for a mail catcher on this machine", () => {
    const catcher = { MAIL_FROM: "", SMTP_HOST: "127.0.0.1", SMTP_PORT: "54325" };
    expect(read(catcher)).toMatchObject({ from: { name: "Plaza", address: "no-reply@localhost" } });
  });

  test("use SUPABASE_URL as the public address only if it is https", () => {
    expect(read({ SUPABASE_URL: "https://ref.supabase.co" })).toMatchObject({
      projectUrl: "https://ref.supabase.co",
    });
    expect(read({ SUPABASE_URL: "http://kong:8000" })).toMatchObject({ projectUrl: undefined });
  });

  test("prefer the mail API", () => {
    const delivery = { by: "api", url: "https://api.resend.com/emails", key: "re_1" };
    expect(read({ MAIL_API_URL: delivery.url, MAIL_API_KEY: "re_1" })).toMatchObject({ delivery });
  });

  test.each([
    ["SEND_EMAIL_HOOK_SECRETS", { SEND_EMAIL_HOOK_SECRETS: undefined }],
    ["SEND_EMAIL_HOOK_SECRETS", { SEND_EMAIL_HOOK_SECRETS: "v1,whsec_short" }],
    ["SEND_EMAIL_HOOK_SECRETS", { SEND_EMAIL_HOOK_SECRETS: "|" }],
    ["MAIL_FROM", { MAIL_FROM: undefined }],
    ["MAIL_FROM", { MAIL_FROM: "Plaza" }],
    ["MAIL_FROM", { MAIL_FROM: "Plaza <a@example.com>\r\nBcc: b@example.com" }],
    ["SMTP_HOST", { SMTP_HOST: "" }],
    ["SMTP_PORT", { SMTP_PORT: "mail" }],
    ["SMTP_PASS", { SMTP_USER: "plaza" }],
    ["SMTP_SECURE", { SMTP_SECURE: "yes" }],
    ["MAIL_API_KEY", { MAIL_API_URL: "https://api.example.com" }],
    ["MAIL_API_URL", { MAIL_API_URL: "http://api.example.com", MAIL_API_KEY: "key" }],
  ])("name %s if it is wrong, without its value", (name, change) => {
    const settings = read(change);
    expect(settings).toMatchObject({ problem: expect.stringContaining(name) });
    expect(JSON.stringify(settings)).not.toContain("whsec_short");
  });
});
