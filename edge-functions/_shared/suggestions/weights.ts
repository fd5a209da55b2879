/**
 * The weights of the model, one for each feature of features.ts. Written by
 * `node bench/train-suggestions.ts --undirected pgp-any.txt --undirected pgp-mutual.txt --directed pgp-directed.txt`. Do not edit.
 */
import type { Weights } from "./model.ts";

/** Trained on: pgp-any.txt; pgp-mutual.txt; made ego networks, follows back often, seed 1; made network, follows back often, seed 11; made ego networks, follows back often, seed 2; made network, follows back often, seed 12; made ego networks, follows back often, seed 3; made network, follows back often, seed 13; made ego networks, follows back often, seed 4; made network, follows back often, seed 14; made ego networks, follows back often, seed 5; made network, follows back often, seed 15; made ego networks, follows back often, seed 6; made network, follows back often, seed 16. */
export const undirected: Weights = {
  isDirected: false,
  values: [
    0, 0, 0, 0, 0, 0.8204, 0, 0.1921, 0, 0, 0, 0.7431, 0, 0, 0, 0, 0.1186, 0.9898, 0.9903, 0.1219, 0, -0.1791,
    0,
  ],
};

/** Trained on: pgp-directed.txt; made network, follows back seldom, seed 1; made network, follows back often, seed 11; made network, follows back seldom, seed 2; made ego networks, follows back often, seed 12; made network, follows back seldom, seed 3; made network, follows back often, seed 13; made network, follows back seldom, seed 4; made ego networks, follows back often, seed 14; made network, follows back seldom, seed 5; made network, follows back often, seed 15; made network, follows back seldom, seed 6; made ego networks, follows back often, seed 16. */
export const directed: Weights = {
  isDirected: true,
  values: [
    0, 0, 0, 0, 0, 0.11, 0, 0.3546, 0, 0, 0, 0.5936, 0, 0.1713, 0, 0.1901, 0, 0, 1.1362, 0.674, 1.92, -0.4222,
    -0.3022,
  ],
};
