/**
 * Reads and writes an object type of TypeScript, as in the module that the supabase CLI
 * generates: `{ name?: type; … }`. Only strict-types.ts uses it. A type that is not an object
 * is kept as text.
 */

/** The members of an object type, in their order. */
export class Literal {
  /** Whether the members stand on lines of their own. */
  readonly isSpread: boolean;
  readonly #members = new Map<string, { isOptional: boolean; type: Literal | string }>();

  constructor(isSpread: boolean) {
    this.isSpread = isSpread;
  }

  add(name: string, isOptional: boolean, type: Literal | string): void {
    this.#members.set(name, { isOptional, type });
  }

  names(): string[] {
    return [...this.#members.keys()];
  }

  has(name: string): boolean {
    return this.#members.has(name);
  }

  /** True if the type of a member is not an object. */
  isText(name: string): boolean {
    return typeof this.#member(name).type === "string";
  }

  /** @throws Error if there is no such member, or if it is not an object */
  members(name: string): Literal {
    const { type } = this.#member(name);
    if (typeof type === "string") throw new Error(`${name} is not an object type: ${type}`);
    return type;
  }

  /** The members that are objects. */
  entries(): [string, Literal][] {
    return this.names().flatMap((name) => (this.isText(name) ? [] : [[name, this.members(name)]]));
  }

  set(name: string, type: string): void {
    this.#member(name).type = type;
  }

  delete(name: string): void {
    this.#members.delete(name);
  }

  addNull(name: string): void {
    this.set(name, `${this.text(name)} | null`);
  }

  takeNull(name: string): void {
    this.set(name, this.text(name).replace(/ \| null$/, ""));
  }

  /** @returns the text of the type, which biome can format */
  print(): string {
    const lines = [...this.#members].map(
      ([name, { isOptional, type }]) =>
        `${name}${isOptional ? "?" : ""}: ${typeof type === "string" ? type : type.print()};`,
    );
    return this.isSpread ? `{\n${lines.join("\n")}\n}` : `{ ${lines.join(" ")} }`;
  }

  #member(name: string) {
    const member = this.#members.get(name);
    if (!member) throw new Error(`There is no ${name} among ${this.names().join(", ")}`);
    return member;
  }

  /** The type of a member. @throws Error if it is an object */
  text(name: string): string {
    const { type } = this.#member(name);
    if (typeof type !== "string") throw new Error(`${name} is an object type`);
    return type;
  }
}

/**
 * @param text of a module in biome's format: a semicolon ends each member
 * @param start where the object type begins
 * @returns the object type, and the place after it
 * @throws Error when there is no object type
 */
export function parseLiteral(text: string, start: number): { literal: Literal; end: number } {
  if (text[start] !== "{") throw new Error(`No object type: ${text.slice(start, start + 40)}`);
  const literal = new Literal(text[start + 1] === "\n");
  const member = /\s*(?:(\})|(\w+)(\??):\s*)/y;
  let place = start + 1;
  for (;;) {
    member.lastIndex = place;
    const found = member.exec(text);
    if (!found) throw new Error(`No member: ${text.slice(place, place + 40)}`);
    place = member.lastIndex;
    const [, close, name, optional] = found;
    if (close) return { literal, end: place };

    const end = endOfType(text, place);
    const isObject = text[place] === "{" && closing(text, place) === end - 1;
    literal.add(
      name as string,
      optional === "?",
      isObject ? parseLiteral(text, place).literal : text.slice(place, end).trim(),
    );
    place = end + (text[end] === ";" ? 1 : 0);
  }
}

/** The place of the semicolon, or of the closing brace, that ends the type of a member. */
function endOfType(text: string, start: number): number {
  for (let place = start; place < text.length; place++) {
    const character = text[place] as string;
    if ("{[(".includes(character)) place = closing(text, place);
    else if (character === ";" || character === "}") return character === "}" ? trimEnd(text, place) : place;
  }
  throw new Error("The type does not end");
}

function trimEnd(text: string, end: number): number {
  let place = end;
  while (/\s/.test(text[place - 1] as string)) place--;
  return place;
}

/** The place of the bracket that closes the one at start. */
function closing(text: string, start: number): number {
  let depth = 0;
  for (let place = start; place < text.length; place++) {
    const character = text[place] as string;
    if ("{[(".includes(character)) depth++;
    else if ("}])".includes(character) && --depth === 0) return place;
  }
  throw new Error("A bracket is not closed");
}
