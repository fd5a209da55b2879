import type { Weights } from "../edge-functions/_shared/suggestions/model.ts";
import type { Edges } from "./suggestion-split.ts";
export function simulation(_edges: Edges, _isDirected: boolean, _weights: Weights): string {
  return "";
}
