/**
 * The words of the command line: which commands there are, which options each of them takes, the
 * help about them, and what is wrong with words that we do not know.
 */
import { parseArgs } from "node:util";
import { isMemorySize, type MemorySize } from "../memory.ts";

interface Command {
  about: string;
  /** The name of the word that follows the command, such as a folder. In brackets it may be left out. */
  word?: string;
}

const commands = {
  start: { about: "run everything until Ctrl-C" },
  status: { about: "print URLs and keys of the running platform" },
  reset: { about: "delete the embedded database, start again from migrations and seed.sql" },
  stop: { about: "end the running platform" },
  backup: {
    about: "copy the database and the secrets into a new folder (default backups/<time>)",
    word: "[DIR]",
  },
  restore: { about: "put a backup into the state folder", word: "DIR" },
} as const satisfies Record<string, Command>;

export type CommandName = keyof typeof commands;

interface Option {
  /** The name of the value in the help. An option without it is a switch. */
  value?: string;
  short?: string;
  about: string;
  /** The commands that take it. */
  of: readonly CommandName[];
}

const all = Object.keys(commands) as CommandName[];
const starting = ["start", "reset"] as const;

const options = {
  "state-dir": { value: "DIR", about: "where the state lives (default .plaza)", of: all },
  "project-dir": { value: "DIR", about: "where supabase/ lives (default this repository)", of: all },
  "database-url": {
    value: "URL",
    about: "use this server, as superuser, instead of the embedded one",
    of: ["start"],
  },
  host: { value: "ADDRESS", about: "where the API listens (default 127.0.0.1)", of: starting },
  "free-ports": {
    about: "use free ports, not those of supabase/config.toml; the next time the same",
    of: starting,
  },
  "no-web": { about: "leave the web client and its port out, for a client of your own", of: starting },
  memory: { value: "SIZE", about: "small, or large for a machine of its own (default small)", of: starting },
  replace: { about: "move the present database aside, and keep it", of: ["restore"] },
  verbose: { about: "log everything to the terminal", of: starting },
  output: { value: "FORMAT", short: "o", about: "pretty, env or json (default pretty)", of: ["status"] },
} as const satisfies Record<string, Option>;

type OptionName = keyof typeof options;

/** What the options of a command line say. A switch is true, an absent option is undefined. */
export type Flags = {
  [Name in OptionName]?: (typeof options)[Name] extends { value: string } ? string : boolean;
} & { memory?: MemorySize };

export type CommandLine =
  | { kind: "command"; command: CommandName; word?: string; flags: Flags }
  /** A person asked for help. */
  | { kind: "help"; text: string }
  /** The words make no sense. The text says which word, and what there is. */
  | { kind: "mistake"; text: string };

/** @param words what follows the program's name */
export function readCommandLine(words: string[]): CommandLine {
  const { tokens } = parseArgs({ args: words, options: known(), strict: false, tokens: true });
  const [first, ...rest] = tokens.filter((token) => token.kind === "positional").map(({ value }) => value);
  const given = tokens.filter((token) => token.kind === "option");
  const command = isCommand(first) ? first : undefined;
  if (given.some(({ name }) => name === "help")) return { kind: "help", text: help(command) };

  if (first === undefined) return mistake("Say what to do.");
  if (command === undefined) return mistake(`There is no command "${first}".`);
  const { word }: Command = commands[command];
  const tooMany = rest[word === undefined ? 0 : 1];
  if (tooMany !== undefined)
    return mistake(`The command ${command} does not take the word "${tooMany}".`, command);
  if (word !== undefined && !word.startsWith("[") && rest.length === 0)
    return mistake(`The command ${command} needs a word: ${word}.`, command);
  const flags: Record<string, string | boolean> = {};
  for (const { name, rawName, value } of given) {
    const option: Option | undefined = Object.hasOwn(options, name) ? options[name as OptionName] : undefined;
    if (!option?.of.includes(command))
      return mistake(`The command ${command} has no option ${rawName}.`, command);
    if (option.value !== undefined && !value)
      return mistake(`${rawName} needs a value: ${option.value}.`, command);
    if (option.value === undefined && value) return mistake(`${rawName} takes no value.`, command);
    if (name === "memory" && !isMemorySize(value as string))
      return mistake(`There is no memory size "${value}". There are: small, large.`, command);
    flags[name] = value ?? true;
  }
  return { kind: "command", command, ...(rest.length > 0 && { word: rest[0] }), flags };
}

/** The options in the form that parseArgs takes. */
function known() {
  const entries = Object.entries<Option>(options).map(([name, { value, short }]) => [
    name,
    { type: value === undefined ? "boolean" : "string", ...(short && { short }) },
  ]);
  return { ...Object.fromEntries(entries), help: { type: "boolean", short: "h" } };
}

function isCommand(word: string | undefined): word is CommandName {
  return word !== undefined && Object.hasOwn(commands, word);
}

function mistake(what: string, command?: CommandName): CommandLine {
  return { kind: "mistake", text: `${what}\n\n${help(command)}` };
}

/** @param command the one whose options are shown. If it is absent, all are shown */
function help(command: CommandName | undefined): string {
  const listed = Object.entries<Option>(options).filter(([, { of }]) => !command || of.includes(command));
  const rows = [
    ...(command
      ? []
      : Object.entries<Command>(commands).map(([name, { word, about }]) => [
          word ? `${name} ${word}` : name,
          about,
        ])),
    ["", ""],
    ...listed.map(([name, { value, short, about }]) => [
      `${short ? `-${short}, ` : ""}--${name}${value ? ` ${value}` : ""}`,
      about,
    ]),
    ["-h, --help", "show this"],
  ] as [string, string][];
  const width = Math.max(...rows.map(([left]) => left.length));
  const about = command ? `${command}: ${commands[command].about}\n` : "";
  const lines = rows.map(([left, right]) => (left ? `  ${left.padEnd(width)}  ${right}` : ""));
  return `${about}Usage: ${usageOf(command)}\n\n${lines.join("\n").replace(/^\n/, "")}`;
}

/** How a person calls it: with npm. */
function usageOf(command: CommandName | undefined): string {
  if (command === undefined) return "node platform/main.ts <command> [options]";
  const { word }: Command = commands[command];
  return `${command === "start" ? "npm start" : `npm run ${command}`} -- ${word ? `${word} ` : ""}[options]`;
}
