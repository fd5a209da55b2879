/** How steps are drawn: who, which device, and how often what. */
import fc from "fast-check";

export const peopleNames = ["alice", "bob", "carol", "dave", "erin"];
/** Whose each device is. Alice has two. */
export const owners = [0, 0, 1, 2, 3, 4];

export const who = fc.nat(peopleNames.length - 1);
export const device = fc.nat(owners.length - 1);

export const seldom = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 2, nil: null });
export const often = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 4, nil: null });

export const weighted = <T>(table: [number, fc.Arbitrary<T>][]): fc.Arbitrary<T> =>
  fc.oneof(...table.map(([weight, arbitrary]) => ({ weight, arbitrary })));

export const doing = <Name extends string, Rest>(
  names: Name[],
  rest: { [K in keyof Rest]: fc.Arbitrary<Rest[K]> },
) => fc.record({ do: fc.constantFrom(...names), ...rest }) as fc.Arbitrary<{ do: Name } & Rest>;
