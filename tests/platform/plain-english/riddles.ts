/**
 * The turns that make a sentence a riddle, and the longest sentence. prose.ts finds the
 * sentences, and plain-english.test.ts looks for riddles in them. STYLE.md has the rule.
 *
 * To forbid another turn, add it here with a sentence that uses it and a better sentence.
 */
import type { Sentence } from "./prose.ts";

export interface Turn {
  turn: RegExp;
  /** A sentence with this turn. */
  not: string;
  /** A plain sentence with the same meaning. */
  but: string;
}

/** The most words of a sentence. */
export const longest = 40;

const verbs =
  "may|can|has|have|is|sees|follows|blocks|mutes|likes|looks|reads|writes|wrote|asks|deletes|finds|does|owns";

export const turns: Turn[] = [
  {
    turn: /\bwhom\b/i,
    not: "Nobody whom she blocks.",
    but: "Nobody she blocks.",
  },
  {
    turn: /\b(?:who|whom|whoso|which)ever\b|\bwhosever\b/i,
    not: "Whoever asks gets it.",
    but: "Everybody who asks gets it.",
  },
  {
    turn: /\bwhatever\b/i,
    not: "Whatever the planner makes of it.",
    but: "Every plan keeps the order.",
  },
  {
    turn: /\bone['’]s\b|\boneself\b/i,
    not: "One's own post is not counted.",
    but: "Your own post is not counted.",
  },
  {
    turn: new RegExp(
      `(?:^|[,;:(] ?|\\b(?:that|what|if|when|where|as|but|than|unless) )one (?:${verbs})\\b`,
      "i",
    ),
    not: "An account that one follows.",
    but: "An account that you follow.",
  },
  {
    turn: /\b(?:may|can) (?:everything|nothing|anything)\b/i,
    not: "The owner may everything.",
    but: "The owner may do everything.",
  },
  {
    turn: /\bwho (?:may|can|must)(?: not)?(?= *(?:[,.;:)]|$))/i,
    not: "The columns that decide who may.",
    but: "The columns that decide who may read the post.",
  },
  {
    turn: /\b(?:is|are|was|were) of (?:the|a|an|what|those|its?|their|this|that)\b/i,
    not: "The audience, which is of the post.",
    but: "The audience belongs to the post.",
  },
  {
    turn: /\bwhat (?:goes|comes|came|went)\b/i,
    not: "It tells what goes.",
    but: "It lists the deleted posts.",
  },
  {
    turn: /(?<!\bthere )\b(?:is|are|was|were) (?:no|none)\b(?! longer\b| more\b)/i,
    not: "The role is no superuser.",
    but: "The role is not a superuser.",
  },
  {
    turn: /\b(?:for|of|to|by|from|than|with) who\b/i,
    not: "It costs nothing for who has no blocks.",
    but: "It costs nothing for a viewer without blocks.",
  },
  {
    turn: /\bwith all that\b/i,
    not: "Listed here with all that decides it.",
    but: "Listed here with the columns that decide it.",
  },
  {
    turn: /\b(?:comes?|came|becomes?|became) of\b/i,
    not: "It says what came of it.",
    but: "It says what the result was.",
  },
  {
    turn: /\b(?:his|her|its|their) kin\b/i,
    not: "auth.uid() and its kin.",
    but: "auth.uid() and similar functions.",
  },
  {
    turn: /\bbut for\b|\b(?:nothing|none|all|anything) but\b|\bno other than\b/i,
    not: "Every row but for the last.",
    but: "Every row except the last.",
  },
  {
    turn: /\b(?:hence|thereof|whence|thereby|wherein|whereby|lest|anew|afresh|withal)\b/i,
    not: "An edit finds tags anew.",
    but: "An edit finds tags again.",
  },
  {
    turn: /(?:^|[,;:] )(?:should|had|were) (?:it|they|he|she|one|the|that|this|there)\b/i,
    not: "Should it fail, try again.",
    but: "If it fails, try again.",
  },
  {
    turn: /\bno matter of\b|\bin earnest\b|\bin the clear\b/i,
    not: "A server in earnest waits.",
    but: "A production server waits.",
  },
  {
    turn: /\bso many\b(?! that\b)/i,
    not: "Readers who follow so many.",
    but: "Readers who follow 100 people.",
  },
  {
    turn: /\bby turns\b|\b\w+ alone(?= *(?:[.,;:)]|$))/i,
    not: "A job changes by the functions alone.",
    but: "Only the functions change a job.",
  },
  {
    turn: /\bpast (?:it|(?:the|its|a|this) (?:bound|limit)s?|row-level security)\b/i,
    not: "Past the limit, the oldest go.",
    but: "Over the limit, the oldest mails are dropped.",
  },
  {
    turn: /^(?:What|Who) (?:is|are|was|has|have|may|can|does|did|goes|takes|lacks|follows|sees)\b[^?]*$/,
    not: "Who is not searchable is found by nobody.",
    but: "Nobody finds a person who is not searchable.",
  },
  {
    turn: /^Of (?:a|an|the|all|these|those|this|that|it|its|their|one|several|many|two|what|every)\b/,
    not: "Of the embedded server.",
    but: "The password of the embedded server.",
  },
];

/** @returns what is wrong with a sentence: the turns that it has, and its length if it is too long */
export function riddlesIn({ text, isShown }: Sentence): string[] {
  const found = turns.flatMap(({ turn }) => {
    const match = turn.exec(text);
    return match ? [`"${match[0].trim()}"`] : [];
  });
  const words = text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
  if (!isShown && words > longest) found.push(`${words} words`);
  return found;
}
