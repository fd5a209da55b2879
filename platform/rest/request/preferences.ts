/** The `Prefer` header. https://docs.postgrest.org/en/stable/references/api/preferences.html */

export interface Preferences {
  resolution?: "merge-duplicates" | "ignore-duplicates" | undefined;
  return?: "representation" | "minimal" | "headers-only" | undefined;
  count?: "exact" | "planned" | "estimated" | undefined;
  missing?: "default" | "null" | undefined;
  handling?: "strict" | "lenient" | undefined;
  timezone?: string | undefined;
  maxAffected?: number | undefined;
  /** What nobody understood; refused under handling=strict. */
  invalid: string[];
}

const known: Record<string, string[]> = {
  resolution: ["merge-duplicates", "ignore-duplicates"],
  return: ["representation", "minimal", "headers-only"],
  count: ["exact", "planned", "estimated"],
  missing: ["default", "null"],
  handling: ["strict", "lenient"],
  // Understood and, as by default in PostgREST, without effect.
  tx: ["commit", "rollback"],
};

/** The first mention of a preference wins. */
export function parsePreferences(header: string | null): Preferences {
  const found: Record<string, string> = {};
  const invalid: string[] = [];
  for (const preference of (header ?? "").split(",").map((part) => part.trim())) {
    if (preference === "") continue;
    const [, name = "", value = ""] = /^([\w-]+)=(.*)$/.exec(preference) ?? [];
    if (known[name]?.includes(value)) found[name] ??= value;
    else if (name === "timezone") found.timezone ??= value;
    else if (name === "max-affected" && /^\d{1,15}$/.test(value)) found.maxAffected ??= value;
    else invalid.push(preference);
  }
  const { tx: _tx, maxAffected, ...rest } = found;
  return { ...rest, maxAffected: maxAffected === undefined ? undefined : Number(maxAffected), invalid };
}

/** The value of `Preference-Applied`, with those of `names` that were given. */
export function appliedPreferences(
  preferences: Preferences,
  names: ("resolution" | "missing" | "return" | "count" | "handling" | "timezone" | "max-affected")[],
): string | undefined {
  const applied = names.flatMap((name) => {
    if (name === "max-affected") {
      return preferences.handling === "strict" && preferences.maxAffected !== undefined
        ? [`max-affected=${preferences.maxAffected}`]
        : [];
    }
    const value = preferences[name];
    return value === undefined ? [] : [`${name}=${value}`];
  });
  return applied.length > 0 ? applied.join(", ") : undefined;
}
