/**
 * Finds the address of a name, for few names at a time. Node asks the system in its four threads, which
 * files and passwords need too. A name server that does not answer must not hold all of them.
 */
import { lookup } from "node:dns";
import type { LookupFunction } from "node:net";

/** Lookups at the same time. The others wait. */
const lookupsMax = 2;
/** The most lookups that wait. If there are more, the oldest fails: nobody may wait for it any more. */
const waitingMax = 200;

/** @returns what Node's sockets take for `lookup` */
export function createLookup(): LookupFunction {
  let running = 0;
  const waiting: { start(): void; refuse(): void }[] = [];

  return (hostname, options, callback) => {
    function start(): void {
      running++;
      lookup(hostname, options, (...found) => {
        running--;
        waiting.shift()?.start();
        callback(...(found as Parameters<typeof callback>));
      });
    }
    function refuse(): void {
      callback(Object.assign(new Error("too many lookups"), { code: "EAI_AGAIN" }), []);
    }
    if (running < lookupsMax) return start();
    waiting.push({ start, refuse });
    if (waiting.length > waitingMax) waiting.shift()?.refuse();
  };
}
