/**
 * Measures the home feed and posting, in social networks of 20,000 and 200,000 people with
 * power-law degrees. It compares the home feed with a scan of the primary key, with the
 * query that a frontend would write, and with a timeline written ahead. All of them make
 * the same kind of rows, except the bare scan. PLAZA_BENCH_USERS names one size. With
 * `--before DIR` it only compares the feeds with those of an earlier checkout.
 */
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { compareWithBefore, reportBefore, startGraphServerOf } from "../feed-before.ts";
import {
  claimsOf,
  connect,
  createFeedContenders,
  type FeedContenders,
  type Kind,
} from "../feed-contenders.ts";
import {
  goals,
  intro,
  type Method,
  methods,
  type NaiveFigures,
  type Network,
  naiveLimitMs,
  type PageFigures,
  report,
} from "../feed-report.ts";
import { type GraphServer, startGraphServer } from "../graph.ts";
import { byTurns, type Contender, type Figures } from "../measure.ts";
import { type RemotePlatform, startPlatform } from "../platform-process.ts";

const sizes = process.env.PLAZA_BENCH_USERS?.split(",").map(Number) ?? [20_000, 200_000];

function earlierCheckout(options: string[]): string | undefined {
  return parseArgs({ args: options, options: { before: { type: "string" } } }).values.before;
}

export const resultOf = (options: string[]) => (earlierCheckout(options) ? "feed-before" : "feed");

export async function run(options: string[]): Promise<string> {
  const earlier = earlierCheckout(options);
  return earlier ? runBeside(earlier) : runAlone();
}

async function runBeside(dir: string): Promise<string> {
  const parts = [
    [
      "The feeds of this checkout and of an earlier one. Each has a server with the same graph, and they take",
      "turns. Times are medians of 9 interleaved rounds of 60 pages of 20 rows, as `authenticated`, without HTTP. A ratio",
      "is the median of the ratios within rounds, with the range of the middle half. CPU is what the operating",
      "system counts for the server's process of the connection, per page. **scan** reads 20 rows by primary key.",
      "**÷ home** compares with the first page of home for the same random readers, in CPU.",
    ].join("\n"),
  ];
  for (const users of sizes) {
    await using before = await startGraphServerOf(dir, users);
    await using after = await startGraphServer(users);
    await using contenders = await createFeedContenders(after);
    const load = (loadavg()[0] as number).toFixed(1);
    const rows = await compareWithBefore(before, after, contenders.kinds);
    parts.push(
      `## ${users.toLocaleString("en")} people`,
      `The load average was ${load} at first, ${(loadavg()[0] as number).toFixed(1)} at the end.`,
      reportBefore(rows),
    );
  }
  return parts.join("\n\n");
}

async function runAlone(): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const loads = [loadavg()[0] as number];
  const servers: GraphServer[] = [];
  for (const users of sizes) servers.push(stack.use(await startGraphServer(users)));
  loads.push(loadavg()[0] as number);
  const contenders: FeedContenders[] = [];
  for (const server of servers) contenders.push(stack.use(await createFeedContenders(server)));

  const pages = await measurePages(servers, contenders);
  const networks: Network[] = [];
  for (const [index, server] of servers.entries()) {
    networks.push({
      graph: server.graph,
      pages: pages[index] as PageFigures[],
      naive: await measureNaive(server, contenders[index] as FeedContenders),
      // Posting comes last, because it changes the feeds.
      posting: await measurePosting(server),
    });
  }
  loads.push(loadavg()[0] as number);
  return [intro(loads), ...networks.flatMap(report), "## Goals", goals(networks)].join("\n\n");
}

/** Measures one kind of page after another. Sizes and methods take turns, so that they run side by side. */
async function measurePages(servers: GraphServer[], contenders: FeedContenders[]): Promise<PageFigures[][]> {
  await using stack = new AsyncDisposableStack();
  const platforms: RemotePlatform[] = [];
  for (const { adminUrl } of servers) platforms.push(stack.use(await startPlatform(adminUrl)));
  const found: PageFigures[][] = servers.map(() => []);
  for (const [place, { name }] of (contenders[0] as FeedContenders).kinds.entries()) {
    for (const page of [1, 50] as const) {
      const sets = await Promise.all(
        contenders.map(async ({ kinds, bySql, byHttp }, index) => {
          const kind = kinds[place] as Kind;
          return {
            home_feed: bySql("public.home_feed", "authenticated", kind, page),
            "home_feed again": bySql("public.home_feed", "authenticated", kind, page),
            HTTP: await byHttp(platforms[index] as RemotePlatform, kind, page),
            owner: bySql("private.bench_owner", "postgres", kind, page),
            "(a)": bySql("public.bench_key_range", "authenticated", kind, page),
            "(a0)": bySql("public.bench_bare", "authenticated", kind, page),
            "(a1)": bySql("public.bench_plain_cards", "authenticated", kind, page),
            "(c)": bySql("public.bench_timeline", "authenticated", kind, page),
          } satisfies Record<Method, Contender>;
        }),
      );
      const figures = await byTurns(
        methods.flatMap((method) => sets.map((set) => set[method])),
        9,
        100,
      );
      for (const [index, rows] of found.entries()) {
        const of = methods.map((method, m) => [method, figures[m * sets.length + index]]);
        rows.push({ kind: name, page, of: Object.fromEntries(of) });
      }
    }
  }
  return found;
}

/** The query that a frontend would write: in a definer without the rules, and with them, as a client sends it. */
const naiveUnderRules = `
  select posts.*, profiles.username, profiles.display_name, profiles.avatar_url
  from public.posts
  join public.profiles on profiles.id = posts.author_id
  where posts.author_id in (select follows.followee_id from public.follows where follows.follower_id = $1)
  order by posts.created_at desc
  limit 20`;
const naivePastRules = "select * from public.bench_naive() where $1::uuid is not null";

async function measureNaive(server: GraphServer, contenders: FeedContenders): Promise<NaiveFigures[]> {
  const { kinds, bySql, byQuery } = contenders;
  const feed = (kind: Kind) => bySql("public.home_feed", "authenticated", kind, 1);
  const naive = (text: string, kind: Kind) => byQuery(text, "authenticated", kind, naiveLimitMs);
  const turns = (kind: Kind, ...compared: Contender[]) =>
    kind.name === "random" ? byTurns(compared, 5, 40) : byTurns(compared, 3, 8);

  await using admin = administrator(server);
  const plain: Figures[][] = [];
  for (const kind of kinds) {
    plain.push(await turns(kind, feed(kind), naive(naivePastRules, kind), naive(naiveUnderRules, kind)));
  }
  await admin.run("create index bench_posts_created_at_idx on public.posts (created_at)");
  await admin.run("analyze public.posts");
  const indexed: Figures[][] = [];
  for (const kind of kinds) indexed.push(await turns(kind, feed(kind), naive(naivePastRules, kind)));
  await admin.run("drop index public.bench_posts_created_at_idx");
  return kinds.map(({ name }, index) => {
    const [feed, naive, rls] = plain[index] as [Figures, Figures, Figures];
    const [feedThen, naiveThen] = indexed[index] as [Figures, Figures];
    return { kind: name, plain: { feed, naive, rls }, indexed: { feed: feedThen, naive: naiveThen } };
  });
}

function administrator({ adminUrl }: GraphServer) {
  const sql = connect(adminUrl);
  return {
    async run(statement: string) {
      await sql.unsafe("set statement_timeout = 0");
      await sql.unsafe(statement);
    },
    [Symbol.asyncDispose]: () => sql.end(),
  };
}

async function measurePosting({ adminUrl, databaseUrl, graph }: GraphServer): Promise<Network["posting"]> {
  // More posts than a person's budget allows.
  const admin = connect(adminUrl);
  for (const author of [graph.quietAuthor, graph.popularAuthor])
    await admin`select public.set_limits(${author}, 1000000, 1000000, 1000000)`;
  await admin.end();
  const sql = connect(databaseUrl, "authenticated");
  const by = (name: string, author: string): Contender => ({
    name,
    before: () => sql`select set_config('request.jwt.claims', ${JSON.stringify(claimsOf(author))}, false)`,
    run: () =>
      sql`insert into public.posts (content) values (${"A post as long as most of them are. ".repeat(5)})`,
  });
  const { quietAuthor, popularAuthor } = graph;
  try {
    // Turns are short, so that a busy disk affects all alike.
    const contenders = [
      by("quiet", quietAuthor),
      by("quiet again", quietAuthor),
      by("popular", popularAuthor),
    ];
    return (await byTurns(contenders, 60, 20)) as Network["posting"];
  } finally {
    await sql.end();
  }
}
