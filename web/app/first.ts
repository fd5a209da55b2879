/** The first posts of home, which boot.ts asked for before this script was there. */

/** The script of supabase-js waits for the first posts, but not longer than this. */
const patienceMs = 1_500;

/** Resolves when boot.ts has its answer, or asked nothing. */
export async function firstAnswered(): Promise<void> {
  const { answer } = window.plazaFirst ?? {};
  if (!answer) return;
  const enough = new Promise((resolve) => setTimeout(resolve, patienceMs));
  // The text follows the head of the answer, and is short.
  await Promise.race([answer.then((response) => response.clone().text()).catch(() => {}), enough]);
}

/**
 * Takes the answer, once.
 * @param rpc the function whose rows are wanted
 * @returns its rows. Undefined if boot.ts did not ask for them, or was refused: then ask in the usual way
 */
export async function takeFirst<Row>(rpc: string): Promise<Row[] | undefined> {
  const first = window.plazaFirst;
  if (first?.rpc !== rpc) return undefined;
  delete window.plazaFirst;
  try {
    const answer = await first.answer;
    return answer.ok ? await answer.json() : undefined;
  } catch {
    return undefined;
  }
}
