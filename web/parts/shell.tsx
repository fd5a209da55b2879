/** What is around every page: the navigation (a rail on wide screens, a bar at the bottom on narrow ones) and notices. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren, ComponentType } from "preact";
import { useEffect, useErrorBoundary } from "preact/hooks";
import { t } from "../app/messages.ts";
import { ownPath, type Place, places } from "../app/navigation.ts";
import { address, navigate, type Page as PageType } from "../app/router.ts";
import { find } from "../app/routes.ts";
import { isSignedIn, me, readMe, signOut } from "../app/session.ts";
import { help, isHelpOpen } from "../app/shortcuts.ts";
import { isOffline, waiting } from "../app/sync.ts";
import { Avatar } from "./avatar.tsx";
import { Empty, Failed, Waiting } from "./empty.tsx";
import { Icon } from "./icon.tsx";
import { later, loadPart } from "./later.tsx";
import { Menu, type MenuItem } from "./menu.tsx";
import { Page } from "./page.tsx";
import { nameOf } from "./person-line.tsx";
import { Toasts } from "./toasts.tsx";

export function Shell() {
  const path = address.value.split("?")[0] ?? "/";
  return (
    <>
      <a class="skip" href="#main">
        {t("skip")}
      </a>
      <div class="shell">
        <Optional>
          <Rail path={path} />
        </Optional>
        <main id="main" tabIndex={-1}>
          <OfflineNotice />
          <Current path={path} />
        </main>
      </div>
      <Optional>
        <Bar path={path} />
      </Optional>
      <Toasts />
      {isHelpOpen.value && <ShortcutHelp />}
    </>
  );
}

function Rail({ path }: { path: string }) {
  return (
    <header class="rail">
      <a href="/" class="brand" aria-label="Plaza">
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
          <path d="M5 19v-7a7 7 0 0 1 14 0v7M9.5 19v-6a2.5 2.5 0 0 1 5 0v6M3 19h18" />
        </svg>
        <span>Plaza</span>
      </a>
      <nav aria-label={t("navigation")}>
        {places(isSignedIn.value).map((place) => (
          <PlaceLink key={place.href} place={place} path={path} />
        ))}
      </nav>
      {isSignedIn.value ? (
        <>
          {find("/compose") && (
            <a class="button main compose-link" href="/compose" title={t("compose")}>
              <Icon name="pen" />
              <span>{t("compose")}</span>
            </a>
          )}
          <Optional>
            <Own />
          </Optional>
        </>
      ) : (
        <div class="rail-entry">
          {find("/sign-up") && (
            <a class="button main" href="/sign-up" title={t("sign_up")}>
              <Icon name="plus" />
              <span>{t("sign_up")}</span>
            </a>
          )}
          <a class="button plain" href="/sign-in" title={t("sign_in")}>
            <Icon name="door" />
            <span>{t("sign_in")}</span>
          </a>
        </div>
      )}
    </header>
  );
}

function PlaceLink({ place, path }: { place: Place; path: string }) {
  const count = place.count?.() ?? 0;
  const isHere = place.href === "/" ? path === "/" : path === place.href || path.startsWith(`${place.href}/`);
  return (
    <a href={place.href} aria-current={isHere ? "page" : undefined} title={t(place.label)}>
      <span class="place-icon">
        <Icon name={place.icon} />
        {count > 0 && (
          <span class="count" aria-hidden="true">
            {count > 99 ? "99+" : count}
          </span>
        )}
      </span>
      <span class="place-name">{t(place.label)}</span>
      {count > 0 && <span class="unseen"> {t("unread_count", { count })}</span>}
    </a>
  );
}

/** The person who is signed in, and what does not fit elsewhere. */
function Own() {
  const person = me.value;
  if (!person) return null;
  return (
    <div class="own">
      <a href={ownPath()} class="own-link">
        <Avatar person={person} />
        <span class="own-words">
          <bdi class="name">{nameOf(person)}</bdi>
          <span class="username">@{person.username}</span>
        </span>
      </a>
      <Menu
        label={t("menu")}
        items={() => [
          { label: t("keys"), icon: "pen", run: () => help(true) },
          { label: t("sign_out"), icon: "door", run: signOut },
        ]}
        class="up"
      />
    </div>
  );
}

/** Pages with buttons of their own, which must not be covered. */
const isForm = /^\/(chat|compose|confirm|join|new-password|notifications\/settings|settings)\b/;

function Bar({ path }: { path: string }) {
  const shown = places(isSignedIn.value);
  const rest = (): MenuItem[] => [
    ...(me.value ? [{ label: t("profile"), icon: "person" as const, href: ownPath() }] : []),
    ...shown
      .filter(({ isInBar }) => !isInBar)
      .map(({ href, label, icon }) => ({ href, label: t(label), icon })),
    isSignedIn.value
      ? { label: t("sign_out"), icon: "door", run: signOut }
      : { label: t("sign_in"), icon: "door", href: "/sign-in" },
  ];
  return (
    <footer class="bar">
      <nav aria-label={t("navigation_bar")}>
        {shown
          .filter(({ isInBar }) => isInBar)
          .map((place) => (
            <PlaceLink key={place.href} place={place} path={path} />
          ))}
      </nav>
      <Menu label={t("menu")} items={rest} class="up" />
      {isSignedIn.value && find("/compose") && !isForm.test(path) && (
        <a class="button main float" href="/compose" aria-label={t("compose")} title={t("compose")}>
          <Icon name="pen" />
        </a>
      )}
    </footer>
  );
}

const ShortcutHelp = later(() => import("./shortcut-help.tsx"), null);

function OfflineNotice() {
  const count = waiting.value.length;
  useEffect(() => {
    // There is a network, and still nothing goes through: maybe the account is not there any more.
    if (isOffline.value && navigator.onLine && isSignedIn.value) void readMe();
  }, [isOffline.value]);
  if (!isOffline.value) return null;
  return (
    <p class="notice offline" role="status">
      <Icon name="offline" />
      <span>
        {t("offline")} {count > 0 && t("offline_waiting", { count })}
      </span>
    </p>
  );
}

/** Pages that were loaded already. */
const loaded = new Map<string, PageType>();

function Current({ path }: { path: string }) {
  const found = find(path);
  const failure = useSignal<unknown>(undefined);
  const tries = useSignal(0);
  const route = found?.route;
  const page: ComponentType<{ params: Record<string, string>; query: URLSearchParams }> | undefined =
    route?.page ?? loaded.get(route?.path ?? "");

  const mustSignIn = route?.signedIn === true && !isSignedIn.value;
  useEffect(() => {
    if (mustSignIn) navigate(`/sign-in?to=${encodeURIComponent(address.value)}`, { replace: true });
  }, [mustSignIn, path]);
  useEffect(() => {
    if (page || !route?.load) return;
    failure.value = undefined;
    loadPart(route.load).then(
      (component) => {
        loaded.set(route.path, component);
        tries.value++;
      },
      (error: unknown) => {
        failure.value = error;
      },
    );
  }, [route?.path, tries.value, page]);

  if (!found || !route) {
    return (
      <Page title={t("not_found")}>
        <Empty icon="search" title={t("not_found_text")}>
          <a href="/">{t("home")}</a>
        </Empty>
      </Page>
    );
  }
  if (mustSignIn) return <Waiting />;
  if (failure.value && !page) return <Failed error={failure.value} onRetry={() => void tries.value++} />;
  if (!page) return <Waiting />;
  const Shown = page;
  // A page about something else begins anew.
  return (
    <Guarded key={`${route.path} ${JSON.stringify(found.params)}`}>
      <Shown params={found.params} query={new URLSearchParams(address.value.split("?")[1])} />
    </Guarded>
  );
}

/** After a mistake in such a part, the page is there without it. */
function Optional({ children }: { children: ComponentChildren }) {
  const [error] = useErrorBoundary((cause) => console.error(cause));
  return error ? null : children;
}

/** A mistake in a page must not take everything else away. */
function Guarded({ children }: { children: ComponentChildren }) {
  const [error, tryAgain] = useErrorBoundary((cause) => console.error(cause));
  if (!error) return <>{children}</>;
  return (
    <Page title={t("broken")} backTo="/">
      <Failed error={error} onRetry={tryAgain} />
    </Page>
  );
}
