/** Suggestions that are computed from follows: edge-functions/_shared/suggestions. bench/scenarios/suggestions.ts measures how good they are. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createAlongside, createAlongsideLists } from "../../edge-functions/_shared/suggestions/alongside.ts";
import { createBest } from "../../edge-functions/_shared/suggestions/best.ts";
import { copiedRows } from "../../edge-functions/_shared/suggestions/copied-rows.ts";
import { copyHead, copyRowsOf, copyTail } from "../../edge-functions/_shared/suggestions/copy-lists.ts";
import { featureCount, featureSources } from "../../edge-functions/_shared/suggestions/features.ts";
import { columnCount, createGenerator } from "../../edge-functions/_shared/suggestions/generate.ts";
import { buildGraph, follows, inDegree, outDegree } from "../../edge-functions/_shared/suggestions/graph.ts";
import { isStillGood, knownBytes } from "../../edge-functions/_shared/suggestions/keep.ts";
import { quick, thorough } from "../../edge-functions/_shared/suggestions/limits.ts";
import {
  contributions,
  mutualShare,
  score,
  weightsFor,
} from "../../edge-functions/_shared/suggestions/model.ts";
import { createShortlist } from "../../edge-functions/_shared/suggestions/shortlist.ts";
import { sources } from "../../edge-functions/_shared/suggestions/sources.ts";
import { createSuggester } from "../../edge-functions/_shared/suggestions/suggest.ts";
import { createTally } from "../../edge-functions/_shared/suggestions/tally.ts";
import { directed, undirected } from "../../edge-functions/_shared/suggestions/weights.ts";
import { createWitnessing, type Witnesses } from "../../edge-functions/_shared/suggestions/witnesses.ts";

const [alice, bob, carol, dave, erin] = [0, 1, 2, 3, 4];

const graphOf = (people: number, edges: (readonly [number, number])[]) =>
  buildGraph(
    people,
    Int32Array.from(edges, ([from]) => from),
    Int32Array.from(edges, ([, to]) => to),
  );

const someEdges = fc.integer({ min: 2, max: 25 }).chain((people) =>
  fc.record({
    people: fc.constant(people),
    edges: fc.array(fc.tuple(fc.nat(people - 1), fc.nat(people - 1)), { maxLength: 150 }),
  }),
);

describe("the graph", () => {
  test("has every follow once in both directions, sorted, and nobody follows themselves", () => {
    fc.assert(
      fc.property(someEdges, ({ people, edges }) => {
        const graph = graphOf(people, edges);
        const pairs = new Set(
          edges.filter(([from, to]) => from !== to).map(([from, to]) => from * people + to),
        );
        expect(graph.out).toHaveLength(pairs.size);
        for (let one = 0; one < people; one++) {
          const list = [...graph.out.subarray(graph.outStarts[one], graph.outStarts[one + 1])];
          expect(list).toEqual([...list].sort((a, b) => a - b));
          const followers = [...graph.in.subarray(graph.inStarts[one], graph.inStarts[one + 1])];
          expect(followers).toEqual([...followers].sort((a, b) => a - b));
          for (let other = 0; other < people; other++) {
            expect(follows(graph, one, other)).toBe(pairs.has(one * people + other));
            expect(list.includes(other)).toBe(pairs.has(one * people + other));
            expect(followers.includes(other)).toBe(pairs.has(other * people + one));
          }
        }
      }),
    );
  });

  test("refuses a follow of nobody", () => {
    expect(() => graphOf(2, [[0, 2]])).toThrow(RangeError);
    expect(() => graphOf(2, [[-1, 0]])).toThrow(RangeError);
    expect(() => buildGraph(2, Int32Array.of(0), new Int32Array(0))).toThrow(RangeError);
  });
});

test("the best few are those of a sorted list, and equal scores come by the number of the person", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(8)), fc.integer({ min: 1, max: 12 }), (scores, most) => {
      const best = createBest(most);
      for (const [person, value] of scores.entries()) best.offer(person, value, person);
      const sorted = scores.map((value, person) => ({ value, person }));
      sorted.sort((one, other) => other.value - one.value || one.person - other.person);
      const expected = sorted.slice(0, most).map(({ person }) => person);
      const count = best.sort();
      expect([...best.items.subarray(0, count)]).toEqual(expected);
    }),
  );
});

describe("suggestions", () => {
  test("know the places of a candidate by each sum, and equal candidates have the same place", () => {
    const friends = Array.from({ length: 25 }, (_, at) => 100 + at);
    // Candidate n is followed by n of 25 people with the same interests, and 26 is as good as 25.
    const edges = friends.flatMap((friend, at): [number, number][] => [
      [alice, 200],
      [friend, 200],
      ...Array.from({ length: 25 }, (_, n): [number, number] => [friend, 1 + n]).filter(([, n]) => n > at),
      [friend, 26],
    ]);
    const shortlist = createShortlist(graphOf(201, edges), true, thorough);
    const count = shortlist.fill(alice);
    const { slots, tally, features } = shortlist;
    const peers = 6;
    const place = 10 + 3;
    const found = new Map(
      Array.from({ length: count }, (_, at) => {
        const values = features.values.subarray(at * featureCount, (at + 1) * featureCount);
        return [tally.people[slots[at] as number], { sum: values[peers] as number, place: values[place] }];
      }),
    );
    expect(found.get(25)).toEqual(found.get(26));
    expect(found.get(25)?.place).toBe(1);
    const sums = [...found.values()].map(({ sum }) => sum);
    for (const { sum, place } of found.values()) {
      const better = sums.filter((other) => other > sum).length;
      expect(place).toBe(better < 20 ? Math.fround(1 / (1 + better)) : 0);
    }
  });

  test("are never the person or somebody they follow, come best first, and are the same again", () => {
    fc.assert(
      fc.property(someEdges, ({ people, edges }) => {
        const graph = graphOf(people, edges);
        const { suggest } = createSuggester(graph, directed);
        const first = Array.from({ length: people }, (_, person) => suggest(person, people));
        for (const [person, list] of first.entries()) {
          expect(new Set(list.map((candidate) => candidate.person)).size).toBe(list.length);
          for (const [rank, candidate] of list.entries()) {
            expect(candidate.person).not.toBe(person);
            expect(follows(graph, person, candidate.person)).toBe(false);
            expect(Number.isFinite(candidate.score)).toBe(true);
            if (rank > 0) expect(candidate.score).toBeLessThanOrEqual(list[rank - 1]?.score as number);
          }
          expect(suggest(person, 3)).toEqual(list.slice(0, 3));
        }
        // The order of the questions changes nothing.
        const again = createSuggester(graph, directed);
        for (let person = people - 1; person >= 0; person--)
          expect(again.suggest(person, people)).toEqual(first[person]);
      }),
    );
  });

  test("have a reason that is true in the graph", () => {
    fc.assert(
      fc.property(someEdges, ({ people, edges }) => {
        const graph = graphOf(people, edges);
        const { suggest } = createSuggester(graph, directed);
        const all = Array.from({ length: people }, (_, person) => person);
        for (const u of all) {
          for (const { person: v, source } of suggest(u, people)) {
            const isTrue = {
              [sources.followedBy]: () => all.some((x) => follows(graph, u, x) && follows(graph, x, v)),
              [sources.followsYou]: () => follows(graph, v, u),
              [sources.bothFollow]: () => all.some((x) => follows(graph, u, x) && follows(graph, v, x)),
              [sources.followedAlongside]: () =>
                all.some(
                  (y) =>
                    follows(graph, y, v) && all.some((x) => follows(graph, u, x) && follows(graph, y, x)),
                ),
              [sources.followersFollow]: () => all.some((x) => follows(graph, x, u) && follows(graph, x, v)),
              [sources.writesAbout]: () => false,
              [sources.newHere]: () => false,
            }[source];
            expect(isTrue(), `${v} to ${u} by source ${source}`).toBe(true);
          }
        }
      }),
    );
  });

  test("name the source without which the score would lose most", () => {
    fc.assert(
      fc.property(someEdges, ({ people, edges }) => {
        const graph = graphOf(people, edges);
        const values = weightsFor(directed, mutualShare(graph));
        const shortlist = createShortlist(graph, true, thorough);
        const { suggest } = createSuggester(graph, directed);
        const parts = new Float64Array(8);
        for (let person = 0; person < people; person++) {
          const found = new Map(suggest(person, people).map((candidate) => [candidate.person, candidate]));
          const count = shortlist.fill(person);
          const { features, slots, tally } = shortlist;
          for (let place = 0; place < count; place++) {
            const candidate = found.get(tally.people[slots[place] as number] as number);
            contributions(values, features.values, place * featureCount, features.nothing, parts);
            const most = Math.max(...parts.subarray(1));
            expect(parts[candidate?.source as number]).toBe(most);
            // The parts add up to the score.
            const total = score(values, features.values, place * featureCount);
            expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(
              total - score(values, features.nothing, 0),
              4,
            );
            // Taking the source away lowers the score by its part.
            const without = features.values.slice(place * featureCount, (place + 1) * featureCount);
            for (let feature = 0; feature < featureCount; feature++)
              if (featureSources[feature] === candidate?.source)
                without[feature] = features.nothing[feature] as number;
            expect(total - score(values, without, 0)).toBeCloseTo(most, 4);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  test("begin with somebody who follows alice, when nothing else is known", () => {
    const graph = graphOf(5, [
      [bob, alice],
      [carol, dave],
    ]);
    const { suggest } = createSuggester(graph, directed);
    expect(suggest(alice, 10)).toMatchObject([{ person: bob, source: sources.followsYou }]);
    expect(suggest(erin, 10)).toEqual([]);
  });

  test("put a person with three followers among alice's follows before a person with one", () => {
    const edges: [number, number][] = [
      [alice, 10],
      [alice, 11],
      [alice, 12],
      [10, bob],
      [11, bob],
      [12, bob],
      [12, carol],
    ];
    const list = createSuggester(graphOf(13, edges), directed).suggest(alice, 10);
    expect(list.slice(0, 2).map(({ person }) => person)).toEqual([bob, carol]);
    expect(list[0]?.source).toBe(sources.followedBy);
    const both = [...edges, ...edges.map(([from, to]): [number, number] => [to, from])];
    const friends = createSuggester(graphOf(13, both), undirected).suggest(alice, 10);
    expect(friends[0]).toMatchObject({ person: bob, source: sources.followedBy });
  });

  test("are lowered by a lack of trust and by the popularity penalty", () => {
    const graph = graphOf(30, [
      [alice, 10],
      [10, bob],
      [10, carol],
      ...Array.from({ length: 15 }, (_, fan): [number, number] => [15 + fan, bob]),
    ]);
    const oddsOf = (context: object) => {
      const list = createSuggester(graph, directed, context).suggest(alice, 10);
      const scoreOf = (person: number) =>
        list.find((candidate) => candidate.person === person)?.score as number;
      return Math.log(scoreOf(bob) / scoreOf(carol));
    };
    const trust = new Float32Array(30).fill(1);
    trust[bob] = 0;
    expect(oddsOf({ trust })).toBeCloseTo(oddsOf({}) + Math.log(0.05), 5);
    expect(oddsOf({ popularityPenalty: 1 })).toBeCloseTo(oddsOf({}) - Math.log(17 / 2), 5);
  });

  test("use the degrees of the whole network when the graph is a part of it", () => {
    const graph = graphOf(30, [
      [alice, 10],
      [alice, 11],
      [10, bob],
      [11, carol],
    ]);
    const order = (degrees: object) =>
      createSuggester({ ...graph, ...degrees }, directed)
        .suggest(alice, 10)
        .map(({ person }) => person);
    expect(order({})).toEqual([bob, carol]);
    // 10 follows 500 people, and the graph knows one of them.
    const outDegrees = new Int32Array(30).fill(1);
    outDegrees[10] = 500;
    expect(order({ outDegrees })).toEqual([carol, bob]);
  });

  test("are the same when threads share the lists", () => {
    const edges = Array.from({ length: 900 }, (_, edge): [number, number] => [
      (edge * 7) % 60,
      (edge * edge * 3) % 60,
    ]);
    const graph = graphOf(60, edges);
    const lists = createAlongsideLists(60, quick, true);
    const one = createSuggester(graph, directed, { limits: quick, alongside: lists });
    const other = createSuggester(graph, directed, { limits: quick, alongside: lists });
    const alone = createSuggester(graph, directed, { limits: quick });
    for (let person = 0; person < 60; person++) {
      const expected = alone.suggest(person, 60);
      expect((person % 2 === 0 ? one : other).suggest(person, 60)).toEqual(expected);
      expect((person % 2 === 0 ? other : one).suggest(person, 60)).toEqual(expected);
    }
  });

  test("people like carol are those that her followers also follow", () => {
    const graph = graphOf(6, [
      [0, carol],
      [1, carol],
      [0, 4],
      [1, 4],
      [1, 5],
      [3, 5],
    ]);
    expect(createSuggester(graph, directed).peopleLike(carol)).toEqual([4, 5]);
  });
});

describe("witnesses", () => {
  /** Ten people read, and ten others are read. They follow nobody, so only their followers lead to them. */
  const readers = fc.array(
    fc.tuple(
      fc.nat(9),
      fc.nat(9).map((writer) => 10 + writer),
    ),
    { minLength: 25, maxLength: 70 },
  );
  const anybody = fc.array(fc.tuple(fc.nat(19), fc.nat(19)), { minLength: 20, maxLength: 60 });

  test("are told where the reason is followed_alongside, whenever there are any, and are true. Without any, another true reason is told", () => {
    let told = 0;
    let others = 0;
    fc.assert(
      fc.property(fc.oneof(readers, anybody), fc.array(fc.nat(9), { maxLength: 3 }), (edges, closed) => {
        const people = 20;
        const graph = graphOf(people, edges);
        const isOpen = Uint8Array.from({ length: people }, (_, person) => Number(!closed.includes(person)));
        const { suggest } = createSuggester(graph, directed);
        const witnessing = createWitnessing(graph, isOpen);
        const all = Array.from({ length: people }, (_, person) => person);
        for (const u of all) {
          const ranked = suggest(u, people);
          const { list, witnesses } = witnessing.find(u, ranked);
          const both = (x: number, v: number) =>
            all.filter((w) => w !== u && isOpen[w] && follows(graph, w, x) && follows(graph, w, v));
          const isWitnessed = (v: number) => all.some((x) => follows(graph, u, x) && both(x, v).length >= 2);
          const kept = new Map(list.map((one) => [one.person, one]));
          expect(list.map(({ person }) => person)).toEqual(
            ranked.map(({ person }) => person).filter((v) => kept.has(v)),
          );
          for (const { person: v, source, score } of ranked) {
            const one = kept.get(v);
            if (one?.source === source) {
              expect(one.score).toBe(score);
              continue;
            }
            expect(source).toBe(sources.followedAlongside);
            expect(isWitnessed(v)).toBe(false);
            const isTrue = {
              [sources.followedBy]: all.some((x) => follows(graph, u, x) && follows(graph, x, v)),
              [sources.followsYou]: follows(graph, v, u),
              [sources.bothFollow]: all.some((x) => follows(graph, u, x) && follows(graph, v, x)),
              [sources.followersFollow]: all.some((x) => follows(graph, x, u) && follows(graph, x, v)),
            };
            if (!one) expect(Object.values(isTrue)).not.toContain(true);
            else {
              expect(isTrue[one.source as keyof typeof isTrue]).toBe(true);
              others++;
            }
          }
          expect(witnesses).toHaveLength(Math.min(12, list.length));
          for (const [place, three] of witnesses.entries()) {
            const { person: v, source } = list[place] as (typeof list)[number];
            if (source !== sources.followedAlongside) expect(three).toBeUndefined();
            else {
              const [x, one, other] = three as Witnesses;
              expect(follows(graph, u, x)).toBe(true);
              expect(both(x, v)).toEqual(expect.arrayContaining([one, other]));
              expect(one).not.toBe(other);
              told++;
            }
          }
        }
      }),
    );
    expect(told).toBeGreaterThan(50);
    expect(others).toBeGreaterThan(50);
  });

  test("in a small town, friends of friends are suggested though nobody can witness more", () => {
    // Two follow each other and a third one. The third one follows a fourth.
    const graph = graphOf(5, [
      [0, 1],
      [1, 0],
      [0, 2],
      [1, 2],
      [2, 3],
      [2, 1],
      [3, 1],
    ]);
    const isOpen = new Uint8Array(5).fill(1);
    const { suggest } = createSuggester(graph, directed);
    const { list } = createWitnessing(graph, isOpen).find(0, suggest(0, 5));
    expect(list.map(({ person, source }) => [person, source])).toEqual([[3, sources.bothFollow]]);
  });
});

describe("a list that somebody has", () => {
  const people = 40;
  const ids = Uint8Array.from({ length: people * 16 }, (_, byte) => (byte * 151) % 251);
  const listOf = (...scores: number[]) =>
    scores.map((score, person) => ({ person, score, source: sources.followedBy }));
  const known = (...those: number[]) => {
    const bytes = new Uint8Array(knownBytes);
    for (const [place, person] of those.slice(0, 20).entries())
      bytes.set(ids.subarray(person * 16, (person + 1) * 16), place * 16);
    return bytes;
  };

  test("is kept when two people with nearly the same score change their places", () => {
    expect(isStillGood(known(0, 1, 2), listOf(1, 0.9, 0.89), ids)).toBe(true);
    expect(isStillGood(known(0, 2, 1), listOf(1, 0.9, 0.89), ids)).toBe(true);
    expect(isStillGood(known(2, 1, 0), listOf(1, 0.3, 0.1), ids)).toBe(false);
  });

  test("is not kept when the best person is missing, or when the list was shorter", () => {
    expect(isStillGood(known(1, 2), listOf(1, 0.9, 0.8), ids)).toBe(false);
    expect(isStillGood(known(0), listOf(1, 0.9, 0.8), ids)).toBe(false);
    expect(isStillGood(known(), listOf(1), ids)).toBe(false);
    expect(isStillGood(known(0, 1), [], ids)).toBe(true);
  });

  test("does not depend on anybody after the twentieth place", () => {
    const scores = Array.from({ length: 30 }, () => 1);
    const first = Array.from({ length: 20 }, (_, person) => person);
    expect(isStillGood(known(...first), listOf(...scores), ids)).toBe(true);
    expect(isStillGood(known(...first.slice(0, 18)), listOf(...scores), ids)).toBe(false);
  });
});

describe("the work is bounded", () => {
  const fans = 100_000;
  /** Person 0 follows 100,000 people, and they all follow person 0. Each also follows the next one. */
  const star = () => {
    const from = new Int32Array(3 * fans);
    const to = new Int32Array(3 * fans);
    for (let fan = 0; fan < fans; fan++) {
      from.set([fan + 1, 0, fan + 1], 3 * fan);
      to.set([0, fan + 1, ((fan + 1) % fans) + 1], 3 * fan);
    }
    return buildGraph(fans + 1, from, to);
  };

  test("in a star of 100,000, nobody's walk reaches more people than the limits say", () => {
    const graph = star();
    expect(outDegree(graph, 0)).toBe(fans);
    expect(inDegree(graph, 0)).toBe(fans);
    for (const limits of [quick, thorough]) {
      const generator = createGenerator(
        graph,
        createAlongside(graph, limits, createAlongsideLists(graph.people, limits)),
        limits,
        true,
      );
      // A tally with fewer slots than the walk uses would lose people.
      const tally = createTally(graph.people, columnCount, graph.people);
      for (const person of [0, 1, 77_777]) {
        tally.clear();
        generator.generate(person, tally);
        expect(tally.size).toBeGreaterThan(1);
        expect(tally.size).toBeLessThanOrEqual(generator.most);
        let visits = 0;
        for (let slot = 0; slot < tally.size; slot++) visits += tally.values[slot * columnCount] as number;
        expect(visits).toBeLessThanOrEqual(limits.visits + limits.neighbours);
      }
      const { suggest } = createSuggester(graph, directed, { limits });
      expect(suggest(77_777, 60)).toHaveLength(60);
    }
  });
});

describe("rows that Postgres copies", () => {
  const ids = Uint8Array.from({ length: 16 * 3 }, (_, byte) => byte);
  const list = [{ person: bob, score: 1, source: sources.followedBy }];
  const { bytes } = copyRowsOf(
    [alice, carol].map((viewer) => ({ viewer, list, fingerprint: 7n, witnesses: [undefined] })),
    ids,
  );
  const whole = Buffer.concat([copyHead, bytes, copyTail]);
  async function* inPieces(size: number, from = whole) {
    for (let start = 0; start < from.length; start += size) yield from.subarray(start, start + size);
  }
  const read = async (pieces: AsyncIterable<Uint8Array>) => {
    const rows: string[][] = [];
    for await (const fields of copiedRows(pieces)) rows.push(fields.map((field) => field.toString("hex")));
    return rows;
  };

  test("are the same in pieces of any size", async () => {
    const rows = await read(inPieces(whole.length));
    expect(rows.map(([viewer]) => viewer)).toEqual(
      [alice, carol].map((viewer) =>
        Buffer.from(ids.subarray(16 * viewer, 16 * (viewer + 1))).toString("hex"),
      ),
    );
    expect(rows.map((fields) => fields.length)).toEqual([6, 6]);
    for (const size of [1, 2, 3, 50, 1000]) expect(await read(inPieces(size))).toEqual(rows);
  });

  test("are refused when the last ones are missing", async () => {
    for (const missing of [1, 2, 3, bytes.length])
      await expect(read(inPieces(20, whole.subarray(0, -missing)))).rejects.toThrow("ended within a row");
  });
});

test("Deno gives the same answer as Node", async () => {
  const folder = join(import.meta.dirname, "../..");
  const script = join(import.meta.dirname, "suggestions-core-answer.ts");
  const run = promisify(execFile);
  const deno = join(folder, "node_modules/.bin/deno");
  const [fromNode, fromDeno] = await Promise.all([
    run(process.execPath, [script]),
    run(deno, ["run", "--no-prompt", "--cached-only", script], { cwd: folder }),
  ]);
  expect(JSON.parse(fromNode.stdout).length).toBeGreaterThan(100);
  expect(fromDeno.stdout).toBe(fromNode.stdout);
});
