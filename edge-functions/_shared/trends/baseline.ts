/**
 * How many people are expected in a window: the last hour, or the last half day. The forecast is computed
 * from the people of the same window at the end of earlier hours, and nothing else. So anybody can compute it
 * again from the rows.
 *
 *   - What people do at this time of day: the mean of the same hour on earlier days. A recent day weighs
 *     more, and the same day of the week weighs twice.
 *   - While there are few earlier days, the tag's general level fills in (a gamma-Poisson mean). Without
 *     any history, the level of new tags does.
 *   - A burst is left out: after the first day, an hour counts as at most five deviations above its own
 *     forecast. So yesterday's trend does not hide today's, and nobody raises what is expected of a rival's
 *     tag by much. The price: a level that stays high trends for up to three days.
 *   - The spread says how much this tag usually differs from its forecast. So a tag that is always restless
 *     has to do more to be surprising.
 */

/** The people that a window is expected to have. */
export interface Forecast {
  people: number;
  /** The variance is people + spread × people². */
  spread: number;
}

const hoursPerDay = 24;
/** A day of two weeks ago counts half. Older days weigh less than a quarter, so they need not be kept. */
export const historyDays = 28;
const halfLifeDays = 14;
const sameWeekday = 2;
/** The general level weighs as much as three earlier days. */
const levelDays = 3;
/** A new tag is expected to have this many people, as if one hour had shown it. */
const newTagPeople = 1;
/** Most tags differ from their forecast by about 40%. This counts as two days of hours. */
const usualSpread = 0.15;
const usualSpreadHours = 48;
const leastSpread = 0.01;
/** The rate of a tag varies as much as itself, at most. Without this, one great burst would excuse all later ones. */
const mostSpread = 1;
const mostDeviations = 5;
/** Nothing is expected to have fewer people: one in a day of hours. */
const leastPeople = 1 / 24;

/**
 * @param history the people of the window at the end of each hour, oldest first and without gaps, until the last
 *   whole hour. Only the last 28 days count.
 * @returns the forecasts for the end of the last whole hour, and for the end of the hour that runs now
 */
export function forecasts(history: readonly number[]): { last: Forecast; now: Forecast } {
  const counted: number[] = [];
  const fade = 0.5 ** (1 / (hoursPerDay * halfLifeDays));
  let level = newTagPeople;
  let hours = 1;
  let squares = 0;
  let excess = 0;
  let weight = 0;
  let last: Forecast = { people: level, spread: usualSpread + 1 };
  let now = last;
  for (const people of history.slice(-historyDays * hoursPerDay)) {
    const { people: mean, spread } = now;
    // The first day has nothing to be compared with.
    const isCompared = counted.length >= hoursPerDay;
    const most = mean + mostDeviations * Math.sqrt(mean + spread * mean * mean);
    const counts = isCompared ? Math.min(people, most) : people;
    counted.push(counts);
    level = (fade * level * hours + counts) / (fade * hours + 1);
    hours = fade * hours + 1;
    if (isCompared) {
      squares = fade * squares + mean * mean;
      excess = fade * excess + (counts - mean) ** 2 - mean;
      weight = fade * weight + 1;
    }

    const usualSquares = (usualSpreadHours * squares) / weight;
    const ownSpread =
      weight > 0 ? (excess + usualSpread * usualSquares) / (squares + usualSquares) : usualSpread;
    last = now;
    now = {
      people: Math.max(leastPeople, sameTimeOfDay(counted, level)),
      // The second term is how unsure the level is. It matters for a new tag.
      spread: Math.min(mostSpread, Math.max(leastSpread, ownSpread)) + 1 / hours,
    };
  }
  return { last, now };
}

/** The mean of the next hour on earlier days, shrunk towards the level. */
function sameTimeOfDay(counted: readonly number[], level: number): number {
  let sum = levelDays * level;
  let weights = levelDays;
  for (let day = 1; day * hoursPerDay <= counted.length; day++) {
    const weight = 0.5 ** (day / halfLifeDays) * (day % 7 === 0 ? sameWeekday : 1);
    sum += weight * (counted[counted.length - day * hoursPerDay] as number);
    weights += weight;
  }
  return sum / weights;
}

/**
 * The forecast for a moment within the running hour.
 *
 * @param share how much of the running hour is over, 0 to 1
 */
export function between({ last, now }: { last: Forecast; now: Forecast }, share: number): Forecast {
  return {
    people: (1 - share) * last.people + share * now.people,
    spread: (1 - share) * last.spread + share * now.spread,
  };
}
