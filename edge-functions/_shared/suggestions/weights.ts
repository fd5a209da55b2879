/**
 * The weights of the model. Do not edit: `node bench/train-suggestions.ts --undirected debian-keys-any.txt --undirected debian-keys-mutual.txt --seldom debian-depends.txt --often debian-keys-directed.txt` wrote them.
 * What it read and made:
 *
 * - undirected: debian-keys-any.txt, debian-keys-mutual.txt, made network 1, made ego networks 2, made network 3, made ego networks 4, made network 5, made ego networks 6, made network 7, made ego networks 8
 * - seldom: debian-depends.txt, made network 1, made network 2, made network 3, made network 4, made network 5, made network 6, made network 7, made network 8
 * - often: debian-keys-directed.txt, made network 1, made ego networks 2, made network 3, made ego networks 4, made network 5, made ego networks 6, made network 7, made ego networks 8
 */
import type { Weights } from "./model.ts";

/** For friendships: everybody follows back. */
export const undirected: Weights = {
  isDirected: false,
  seldom: [0, 0.3517, 0.4792, 0.3091, 0, 0, 0.2757, 0.4319, 0, 0, 0, 0, 1.0607, 1.1681, 0, 0, -0.0275, 0],
  often: [0, 0.3517, 0.4792, 0.3091, 0, 0, 0.2757, 0.4319, 0, 0, 0, 0, 1.0607, 1.1681, 0, 0, -0.0275, 0],
};

/** For follows. */
export const directed: Weights = {
  isDirected: true,
  seldom: [
    0, 0, 0.0556, 0.4887, 0.5612, 0, 0.1353, 0.4608, 0.0902, 0.1409, 0, 0, 1.4524, 1.6064, 0.1669, 1.0737,
    -0.1113, -0.1462,
  ],
  often: [0, 0.0176, 0, 0, 0, 0, 0, 0.2899, 0.3843, 0.3242, 0, 0, 1.7112, 0, 0.3785, 1.9333, -0.3019, -0.571],
};
