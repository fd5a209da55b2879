/**
 * The weights of the model. Do not edit: `node bench/train-suggestions.ts --undirected debian-keys-any.txt --undirected debian-keys-mutual.txt --undirected debian-uploaders.txt --seldom debian-depends.txt --often debian-keys-directed.txt` wrote them.
 * What it read and made:
 *
 * - undirected: debian-keys-any.txt, debian-keys-mutual.txt, debian-uploaders.txt, made network 1, made ego networks 2, made network 3, made ego networks 4, made network 5, made ego networks 6, made network 7, made ego networks 8
 * - seldom: debian-depends.txt, made network 1, made network 2, made network 3, made network 4, made network 5, made network 6, made network 7, made network 8
 * - often: debian-keys-directed.txt, made network 1, made ego networks 2, made network 3, made ego networks 4, made network 5, made ego networks 6, made network 7, made ego networks 8
 */
import type { Weights } from "./model.ts";

/** For friendships: everybody follows back. */
export const undirected: Weights = {
  isDirected: false,
  seldom: [
    0, 0.374, 0.5728, 0.0607, 0, 0, 0.006, 0.5027, 0, 0, 0.2519, 0.0493, 0.0468, 0.1118, 0.2581, 0, 0, 0, 0,
    1.0089, 1.1473, 0.1517, 0, 0.1549, 0,
  ],
  often: [
    0, 0.374, 0.5728, 0.0607, 0, 0, 0.006, 0.5027, 0, 0, 0.2519, 0.0493, 0.0468, 0.1118, 0.2581, 0, 0, 0, 0,
    1.0089, 1.1473, 0.1517, 0, 0.1549, 0,
  ],
  cost: { seldom: 0.15, often: 0.15 },
};

/** For follows. */
export const directed: Weights = {
  isDirected: true,
  seldom: [
    0, 0, 0.0737, 0.37, 0.5344, 0, 0.1033, 0.4316, 0.0697, 0.088, 0.236, 0.1442, 0.0255, 0.0751, 0.205, 0.423,
    0.52, 0, 0, 0.864, 1.5148, 0.3942, 1.0648, -0.1183, -0.1643,
  ],
  often: [
    0, 0.035, 0.0048, 0, 0, 0, 0, 0.3295, 0.3543, 0.3232, 0.1902, 0, 0.1101, 0.1032, 0, 0, 0.054, 0, 0,
    1.1973, 0.3041, 0.1724, 1.9166, -0.2345, -0.5328,
  ],
  cost: { seldom: 0.05, often: 0.1 },
};
