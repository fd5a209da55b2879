/** Keeps the client on the device, so that it opens without a network: public/sw.js does it. */

/** Does nothing where the browser cannot. Call it when the first page is shown, because it may wait. */
export async function keepOnDevice(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register(scriptUrl() as string, { scope: "/" });
  const { active } = await navigator.serviceWorker.ready;
  if (navigator.onLine) active?.postMessage("keep");
}

/** The only address of a script that the page's policy (trusted types) lets through. */
function scriptUrl(): TrustedScriptURL | string {
  const path = "/sw.js";
  const policy = window.trustedTypes?.createPolicy("plaza", {
    createScriptURL(url) {
      if (url !== path) throw new TypeError(`Not a script of this client: ${url}`);
      return url;
    },
  });
  return policy ? policy.createScriptURL(path) : path;
}
