/**
 * How unlikely a number of people is. A tag that is expected to have `mean` people has a negative
 * binomial number of them: a Poisson number whose rate itself varies.
 */

/**
 * @param people how many there are
 * @param mean how many were expected, more than 0
 * @param spread how much the rate varies: the variance is mean + spread × mean². More than 0.
 * @returns −log10 of the probability of this number of people, or of more. 0 if there are not more
 *   than expected
 */
export function surprise(people: number, mean: number, spread: number): number {
  if (!(people > mean)) return 0;
  const shape = 1 / spread;
  // As logarithms, because the probabilities of great bursts are smaller than any number.
  const failure = mean / (shape + mean);
  const first =
    logGamma(people + shape) -
    logGamma(people + 1) -
    logGamma(shape) -
    shape * Math.log1p(mean / shape) +
    people * Math.log(failure);
  return Math.max(0, -(first + Math.log(tail(people, shape, failure))) / Math.LN10);
}

/**
 * The sum of the probabilities from `people` on, as a multiple of the first one. It is a continued fraction of the
 * incomplete beta function (NIST DLMF 8.17.22), which needs a few dozen steps where the sum needs thousands.
 */
function tail(people: number, shape: number, failure: number): number {
  const odd = (n: number) =>
    (-(people + n) * (people + shape + n) * failure) / ((people + 2 * n) * (people + 2 * n + 1));
  const even = (n: number) => (n * (shape - n) * failure) / ((people + 2 * n - 1) * (people + 2 * n));
  let above = 1;
  let below = 1 / (1 + odd(0));
  let fraction = below;
  for (let n = 1; n <= mostSteps; n++) {
    for (const part of [even(n), odd(n)]) {
      below = 1 / (1 + part * below);
      above = 1 + part / above;
      fraction *= below * above;
    }
    if (Math.abs(below * above - 1) < 1e-14) break;
  }
  return fraction;
}

const mostSteps = 2000;

/** The logarithm of the gamma function, for x > 0: Stirling's series, from 8 on exact to 11 digits. */
export function logGamma(x: number): number {
  let product = 1;
  let z = x;
  while (z < 8) product *= z++;
  const inverse = 1 / (z * z);
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / z;
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product);
}
