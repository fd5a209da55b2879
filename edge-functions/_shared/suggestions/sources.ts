/**
 * The kinds of reasons for a suggestion. Each one is also a source of candidates. sql/80-suggestions checks the same
 * numbers. In the comments, u is the person who reads the suggestions and v is somebody who is suggested.
 */
export const sources = {
  /** u follows x, and x follows v. */
  followedBy: 1,
  /** v follows u. */
  followsYou: 2,
  /** u and v both follow x. */
  bothFollow: 3,
  /** u follows x, and people who follow x also follow v. */
  followedAlongside: 4,
  /** x follows u and v. */
  followersFollow: 5,
  /** v writes about a tag that u follows or uses. */
  writesAbout: 6,
  /** v has a young account with trust. */
  newHere: 7,
} as const;

export type Source = (typeof sources)[keyof typeof sources];

/** By which sources somebody may be suggested: a bit for each, in one byte. 0: by none. */
export function sourceBits(...allowed: Source[]): number {
  return allowed.reduce((bits, source) => bits | (1 << source), 0);
}

export const everySource = sourceBits(...Object.values(sources));
