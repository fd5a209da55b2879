/** What breaks, one device or server at a time. A quiet moment repairs all of it. */
import { decodeJwt } from "jose";
import type { Broadcast } from "../faulty-network.ts";
import type { Device } from "./devices.ts";
import type { Stage } from "./stage.ts";
import type { Fault, ServerFault } from "./steps.ts";

/** A token that is shortened is good for this long. */
const shortS = 1;

/** Breaks something. The promise ends when it is broken, and for a server when it runs again. */
export async function breakSomething(stage: Stage, fault: Fault): Promise<void> {
  stage.tally.faults[fault.do] = (stage.tally.faults[fault.do] ?? 0) + 1;
  if (!("device" in fault)) return restart(stage, fault.do);
  const { device } = stage.desks[fault.device] as { device: Device };
  const { network } = device;
  /** A sleeping device does it when it wakes. */
  const ask = async (asked: Promise<unknown>) => {
    asked.catch((error) => void stage.problems.push(`${fault.do}: ${error.message}`));
    if (!device.isAsleep()) await asked.catch(() => {});
  };
  switch (fault.do) {
    case "cut":
      return network.cut();
    case "cut in mid-frame":
      return void network.cutInMidFrame();
    case "refuse":
      return network.refuse();
    case "freeze":
      return network.freeze();
    case "heal":
      return network.heal();
    case "drop broadcasts":
      return network.drop(
        ({ payload }: Broadcast) =>
          Number(payload.seq ?? payload.last_seq) % fault.of === fault.which % fault.of,
      );
    case "lose an answer":
      return void network.loseAnswer(({ path }) =>
        fault.of === "any" ? true : path.includes(fault.of === "sync" ? "/rpc/sync" : "/auth/v1/token"),
      );
    case "sleep":
      return device.sleep();
    case "wake":
      return device.wake();
    case "skew clock":
      return ask(device.ask("skew", fault.minutes * 60_000));
    case "shorten token":
      return ask(shorten(stage, device));
    case "refresh token":
      // It ends only when the network lets it.
      return void device.ask("refresh").catch(() => {});
    case "reload":
      return ask(device.ask("reload"));
    case "fail apply":
      return ask(device.ask("failApply", 1));
    case "slow apply":
      return ask(device.ask("slowApply", 5));
  }
}

async function shorten({ town }: Stage, device: Device): Promise<void> {
  const claims = decodeJwt(await device.ask("token"));
  const nowS = Math.floor(Date.now() / 1000);
  await device.ask("shorten", await town.keys.sign({ ...claims, iat: nowS, exp: nowS + shortS }));
}

async function restart({ town, repairs }: Stage, what: ServerFault): Promise<void> {
  const repair = {
    "restart Realtime": town.restartRealtime,
    "kill services": town.killServices,
    "restart Postgres": town.restartPostgres,
    "crash Postgres": town.crashPostgres,
  }[what]();
  repairs.add(repair);
  await repair.finally(() => repairs.delete(repair));
}

/** Ends all faults of the devices, except wrong clocks, and waits until the servers run. */
export async function repairAll(stage: Stage): Promise<void> {
  for (const { device } of stage.desks) {
    device.network.heal();
    device.wake();
  }
  await Promise.all([...stage.running, ...stage.repairs]);
  await Promise.all(stage.desks.map(({ device }) => device.idle()));
}
