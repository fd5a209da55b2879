/**
 * What a sign-up costs beside the hash of its password, and what readers notice while 200 people
 * sign up. Every sign-up is a whole one: the gateway, Auth, its hooks, the triggers, the edge
 * function that writes the mail, and the mail server that takes it.
 */
import { Agent, request } from "node:http";
import { availableParallelism } from "node:os";
import postgres from "postgres";
import { hashRate } from "../hash-threads.ts";
import { connectHttp, encode, type HttpClient } from "../http-client.ts";
import { median, quantile } from "../measure.ts";
import { startPlatform } from "../platform-process.ts";

const rounds = Number(process.env.PLAZA_BENCH_ROUNDS ?? 7);
const roundMs = 5000;
const clients = 16;
const crowd = 200;
let signedUp = 0;
const posts = 1000;

export async function run(): Promise<string> {
  await using platform = await startPlatform();
  const admin = postgres(platform.adminUrl, { max: 1, onnotice: () => {} });
  await admin.unsafe(`
    insert into auth.users (id, instance_id, aud, role, email, raw_user_meta_data, email_confirmed_at)
      values (gen_random_uuid(), '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
        'author@example.com', '{"username": "author"}', now());
    insert into public.posts (author_id, title, content)
      select (select id from public.profiles), 'Post ' || n, repeat('word ', 40)
      from generate_series(1, ${posts}) as n;
    analyze;
  `);
  await admin.end();
  const agent = new Agent({ keepAlive: true });
  const { publishableKey: apikey } = platform;
  const headers = { apikey, authorization: `Bearer ${apikey}` };
  const read = () => get(`${platform.url}/rest/v1/posts?select=*&order=id.desc&limit=20`, headers, agent);
  const createPeople = () => connectPeople(platform.url, headers);

  const hash = () => hashRate(roundMs);
  const signUps = async () => {
    using people = createPeople();
    return await rate(people.signUp);
  };

  // A round that does not count: code is slower when it runs for the first times.
  await signUps();
  for (let n = 0; n < 200; n++) await read();

  const rates: { hash: number; signUps: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    // Each round begins with the other one.
    if (round % 2 === 0) rates.push({ hash: await hash(), signUps: await signUps() });
    else {
      const first = await signUps();
      rates.push({ hash: await hash(), signUps: first });
    }
  }

  const reading: { quiet: number; crowded: number; crowdMs: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    using people = createPeople();
    const startMs = performance.now();
    let signingUp = true;
    const all = Promise.all(Array.from({ length: crowd }, people.signUp)).finally(() => {
      signingUp = false;
    });
    const crowded = await p99(read, () => signingUp);
    await all;
    const crowdMs = performance.now() - startMs;
    const endMs = performance.now() + crowdMs;
    reading.push({ quiet: await p99(read, () => performance.now() < endMs), crowded, crowdMs });
  }
  agent.destroy();
  return table(rates, reading);
}

/** Sign-ups a second, from some clients that each wait for their answer. */
async function rate(signUp: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  let done = 0;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() - startMs < roundMs) {
        await signUp();
        done++;
      }
    }),
  );
  return (done / (performance.now() - startMs)) * 1000;
}

/** The p99, in milliseconds, for a reader who asks again as soon as the answer is there. */
async function p99(read: () => Promise<void>, goOn: () => boolean): Promise<number> {
  const times: number[] = [];
  while (goOn()) {
    const startMs = performance.now();
    await read();
    times.push(performance.now() - startMs);
  }
  return quantile(
    times.toSorted((a, b) => a - b),
    0.99,
  );
}

/**
 * People who sign up, each on a connection. They cost little, so that the cores are for what is measured. The server
 * closes connections that rest for some seconds, so other people come later.
 */
function connectPeople(url: string, headers: Record<string, string>) {
  const connections: HttpClient[] = [];
  const free: HttpClient[] = [];
  async function connect(): Promise<HttpClient> {
    const made = await connectHttp(url);
    connections.push(made);
    return made;
  }
  return {
    async signUp(): Promise<void> {
      const username = `person_${++signedUp}`;
      const body = {
        email: `${username}@example.com`,
        password: "correct horse battery",
        data: { username },
      };
      const connection = free.pop() ?? (await connect());
      const status = await connection.send(encode("POST", "/auth/v1/signup", headers, JSON.stringify(body)));
      if (status !== 200) throw new Error(`sign-up: ${status}`);
      free.push(connection);
    },
    [Symbol.dispose]() {
      for (const connection of connections) connection[Symbol.dispose]();
    },
  };
}

function get(url: string, headers: Record<string, string>, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const sending = request(url, { agent, headers }, (response) => {
      response.resume();
      response.once("end", () =>
        response.statusCode === 200 ? resolve() : reject(new Error(`${url}: ${response.statusCode}`)),
      );
    });
    sending.once("error", reject);
    sending.end();
  });
}

function table(
  rates: { hash: number; signUps: number }[],
  reading: { quiet: number; crowded: number; crowdMs: number }[],
): string {
  const line = (name: string, base: number[], other: number[], digits: number) => {
    const ratios = other.map((value, n) => value / (base[n] as number)).sort((a, b) => a - b);
    const span = `${quantile(ratios, 0.25).toFixed(2)}–${quantile(ratios, 0.75).toFixed(2)}`;
    return `| ${name} | ${median(base).toFixed(digits)} | ${median(other).toFixed(digits)} | ${median(ratios).toFixed(2)} | ${span} |`;
  };
  return [
    `Medians of ${rounds} rounds in turns, after one that does not count. Sign-ups come from ${clients} clients at once, for ${roundMs / 1000} s a`,
    `round; hashes run on ${availableParallelism()} threads. One reader reads 20 posts at a time while ${crowd} people sign up at once (${(median(reading.map(({ crowdMs }) => crowdMs)) / 1000).toFixed(1)} s), and`,
    "then for the same time without them. Platform, Postgres, Deno and load share the cores.",
    "",
    "| | base | measured | measured ÷ base | half of the rounds |",
    "|---|---|---|---|---|",
    line(
      "sign-ups a second; base: only hashes",
      rates.map(({ hash }) => hash),
      rates.map(({ signUps }) => signUps),
      1,
    ),
    line(
      "a reader's p99 in ms; base: nobody signs up",
      reading.map(({ quiet }) => quiet),
      reading.map(({ crowded }) => crowded),
      2,
    ),
  ].join("\n");
}
