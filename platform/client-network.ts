/** The network that a client's address belongs to, for services that share something out per client. */
import { isIPv6 } from "node:net";

/**
 * @param address a client's IP address
 * @returns an IPv4 address as it is. For an IPv6 address, its /64, because a client with one
 *   such address usually has all of its /64. Any other text as it is.
 */
export function clientNetwork(address: string): string {
  if (!isIPv6(address)) return address;
  const [plain = ""] = address.toLowerCase().split("%");
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1];
  if (mapped) return mapped;
  // An IPv4 address at the end stands for two groups. They are not in the first 64 bits.
  const [head = "", tail] = plain.replace(/\d+\.\d+\.\d+\.\d+$/, "0:0").split("::");
  const left = groups(head);
  const right = groups(tail ?? "");
  const all = [...left, ...Array<string>(8 - left.length - right.length).fill("0"), ...right];
  const network = all.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, ""));
  return `${network.join(":")}::/64`;
}

function groups(text: string): string[] {
  return text === "" ? [] : text.split(":");
}
