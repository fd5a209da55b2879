/** How much work one person may cost, in any graph. */
export interface Limits {
  /** This many follows or followers of the person are asked, spread over the list. */
  neighbours: number;
  /** One walk reads this many follows, plus one for each neighbour at most. There are three walks. */
  visits: number;
  /** This many people with the most similar follows are asked, and `visits` bounds what is read of them too. */
  peers: number;
  /** "Followed alongside somebody" is a list of this many people, computed from alongsideVisits follows. */
  alongside: number;
  alongsideVisits: number;
  /** The model ranks this many candidates. The others come after them. */
  candidates: number;
}

/** For one person, or for a small graph. */
export const thorough: Limits = {
  neighbours: 400,
  visits: 20_000,
  peers: 50,
  alongside: 128,
  alongsideVisits: 20_000,
  candidates: 300,
};

/** For everybody on a large network: a few percent of the work. */
export const quick: Limits = {
  neighbours: 40,
  visits: 800,
  peers: 16,
  alongside: 32,
  alongsideVisits: 2_000,
  candidates: 100,
};
