/** Parses the `Prefer` header. https://docs.postgrest.org/en/stable/references/api/preferences.html */

export interface Preferences {
  resolution?: "merge-duplicates" | "ignore-duplicates" | undefined;
  return?: "representation" | "minimal" | "headers-only" | undefined;
  count?: "exact" | "planned" | "estimated" | undefined;
  missing?: "default" | "null" | undefined;
  handling?: "strict" | "lenient" | undefined;
  /** How the transaction ends. It counts only if the setting db_tx_end allows it. */
  tx?: "commit" | "rollback" | undefined;
  timezone?: string | undefined;
  maxAffected?: number | undefined;
  /** Preferences that are not known. handling=strict refuses them. */
  invalid: string[];
}

/** A map, because a client may send `constructor=…` too. */
const known = new Map([
  ["resolution", ["merge-duplicates", "ignore-duplicates"]],
  ["return", ["representation", "minimal", "headers-only"]],
  ["count", ["exact", "planned", "estimated"]],
  ["missing", ["default", "null"]],
  ["handling", ["strict", "lenient"]],
  ["tx", ["commit", "rollback"]],
]);

/** If a preference is given twice, the first one counts. */
export function parsePreferences(header: string | null): Preferences {
  const found: Record<string, string> = {};
  const invalid: string[] = [];
  for (const preference of (header ?? "").split(",").map((part) => part.trim())) {
    if (preference === "") continue;
    const [, name = "", value = ""] = /^([\w-]+)=(.*)$/.exec(preference) ?? [];
    if (known.get(name)?.includes(value)) found[name] ??= value;
    else if (name === "timezone") found.timezone ??= value;
    else if (name === "max-affected" && /^\d{1,15}$/.test(value)) found.maxAffected ??= value;
    else invalid.push(preference);
  }
  const { maxAffected, ...rest } = found;
  return { ...rest, maxAffected: maxAffected === undefined ? undefined : Number(maxAffected), invalid };
}

/** The value of `Preference-Applied`: those of `names` that the client gave. */
export function appliedPreferences(
  preferences: Preferences,
  names: ("resolution" | "missing" | "return" | "count" | "tx" | "handling" | "timezone" | "max-affected")[],
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
