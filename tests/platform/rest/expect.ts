/** One line of a test: a request, and the answer that it must get. */
import { expect, test } from "vitest";
import type { Answer, RequestOptions, Town } from "./town.ts";

export type Who = "anon" | keyof Town["as"];

export interface Case extends RequestOptions {
  who?: Who;
  prefer?: string;
  accept?: string;
  status?: number;
  /** The whole body as JSON. */
  json?: unknown;
  /** A part of the body as JSON, for errors. */
  like?: object;
  text?: string;
  /** The expected headers. Null means that the header must be absent. */
  sends?: Record<string, string | null>;
}

export async function ask(town: Town, request: string, wanted: Case): Promise<Answer> {
  const [method = "", path = ""] = [
    request.slice(0, request.indexOf(" ")),
    request.slice(request.indexOf(" ") + 1),
  ];
  const { who = "anon", prefer, accept, headers, body } = wanted;
  return town.request(method, path, {
    headers: {
      ...(who === "anon" ? {} : town.as[who]),
      ...(prefer === undefined ? {} : { prefer }),
      ...(accept === undefined ? {} : { accept }),
      ...headers,
    },
    body,
  });
}

export function matches(answer: Answer, wanted: Case): void {
  expect({ status: answer.status, text: answer.text }).toMatchObject({ status: wanted.status ?? 200 });
  if ("json" in wanted) expect(answer.json).toEqual(wanted.json);
  if (wanted.like) expect(answer.json).toMatchObject(wanted.like);
  if (wanted.text !== undefined) expect(answer.text).toBe(wanted.text);
  for (const [name, value] of Object.entries(wanted.sends ?? {})) {
    expect(`${name}: ${answer.headers.get(name)}`).toBe(`${name}: ${value}`);
  }
}

/** Makes one test of each line. The town is a function because beforeAll makes it later. */
export function cases(town: () => Town, list: [request: string, wanted: Case][]): void {
  for (const [request, wanted] of list) {
    const { who, prefer, accept } = wanted;
    const extra = [who, prefer, accept].filter((part) => part !== undefined).join(", ");
    test(`${request}${extra ? ` (${extra})` : ""}`, async () => {
      const answer = await ask(town(), request, wanted);
      matches(answer, wanted);
      // A plan with times never comes twice.
      if (!/^(GET|HEAD) \/(?!rpc\/)/.test(request) || accept?.includes("analyze")) return;
      // The second time, rest knows the shape of the request.
      const again = await ask(town(), request, wanted);
      expect(again).toEqual(answer);
      expect([...again.headers]).toEqual([...answer.headers]);
    });
  }
}
