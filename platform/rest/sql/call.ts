/** Writes a function call as the query whose rows become the answer. */
import { scalarColumn } from "../plan/routine.ts";
import type { ApiRequest } from "../request/index.ts";
import type { Parameter, Routine } from "../schema/types.ts";
import { jsonRecords } from "./mutation.ts";
import { arrayText, quoteName, quoteQualified, type Values } from "./text.ts";

/** @param computed computed columns that the answer shows in addition to the result's own */
export function callSql(routine: Routine, request: ApiRequest, computed: string[], values: Values): string {
  const { from, list } = argumentsOf(routine, request, values);
  const call = `${quoteQualified(routine)}(${list})`;
  if (!routine.returnsRows) {
    const single = `(select ${call} as ${scalarColumn}) as pgrst_call`;
    return `select pgrst_call.${scalarColumn} from ${from === "" ? single : `${from}, lateral ${single}`}`;
  }
  const shown = computed.map((name) => `, pgrst_call.${quoteName(name)}`).join("");
  return `select pgrst_call.*${shown} from ${from === "" ? call : `${from}, lateral ${call}`} as pgrst_call`;
}

function argumentsOf(routine: Routine, request: ApiRequest, values: Values): { from: string; list: string } {
  const { payload, query } = request;
  const [only, another] = routine.parameters;
  if (only && !another && only.name === "") {
    return { from: "", list: `${values.add(payload?.text ?? null)}::${only.type}` };
  }
  if (!payload || payload.kind === "arguments") {
    return { from: "", list: directList(routine, payload?.pairs ?? query.arguments, values) };
  }
  const keys = new Set(payload.keys);
  const given = routine.parameters.filter(({ name }) => keys.has(name));
  if (given.length === 0) return { from: "", list: "" };
  const columns = given.map(({ name, castType }) => ({ name, type: castType }));
  const records = jsonRecords(
    `${values.add(payload.text)}::json`,
    "json",
    columns,
    payload.isObject,
    "pgrst_body",
  );
  return {
    from: payload.isObject ? records : `(select * from ${records} limit 1) as pgrst_body`,
    list: given
      .map((parameter) => namedArgument(parameter, `pgrst_body.${quoteName(parameter.name)}`))
      .join(", "),
  };
}

/** A variadic argument collects all values that have its name. Another argument takes the last one. */
function directList(routine: Routine, pairs: [string, string][], values: Values): string {
  return routine.parameters
    .flatMap((parameter) => {
      const given = pairs.filter(([name]) => name === parameter.name).map(([, value]) => value);
      const last = given.at(-1);
      if (last === undefined) return [];
      const value = values.add(parameter.variadic ? arrayText(given) : last);
      return [namedArgument(parameter, `${value}::${parameter.castType}`)];
    })
    .join(", ");
}

function namedArgument({ name, variadic }: Parameter, value: string): string {
  return `${variadic ? "variadic " : ""}${quoteName(name)} := ${value}`;
}
