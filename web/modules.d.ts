/** A page may import a stylesheet of its own. Vite loads it with the page. */
declare module "*.css";

/** Trusted types, which TypeScript does not know yet: what app/kept.ts uses of them. */
interface TrustedScriptURL {
  toString(): string;
}
interface Window {
  trustedTypes?: {
    createPolicy(
      name: string,
      rules: { createScriptURL(url: string): string },
    ): { createScriptURL(url: string): TrustedScriptURL };
  };
}
