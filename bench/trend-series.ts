/** Reads series with labelled windows, as the Numenta Anomaly Benchmark writes them. */
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";

export interface Series {
  name: string;
  /** Unix milliseconds, ascending. */
  timesMs: number[];
  /** How many people there were since the time before. */
  people: number[];
  /** When something happened, by its label: [start, end] in Unix milliseconds. */
  windows: [startMs: number, endMs: number][];
}

/**
 * @param seriesFile CSV with the columns series, timestamp and value, plain or gzipped
 * @param windowsFile JSON: for each series the pairs of timestamps of its windows
 * @throws Error that names the file and the line or the series
 */
export async function readSeries(seriesFile: string, windowsFile: string): Promise<Series[]> {
  const windows: Record<string, [string, string][]> = JSON.parse(await readText(windowsFile));
  const rows = new Map<string, [timeMs: number, people: number][]>();
  const [header = "", ...lines] = (await readText(seriesFile)).trim().split(/\r?\n/);
  const columns = header.split(",").map((column) => column.trim());
  const [name, time, value] = ["series", "timestamp", "value"].map((column) => columns.indexOf(column)) as [
    number,
    number,
    number,
  ];
  if (Math.min(name, time, value) < 0)
    throw new Error(`${seriesFile} needs the columns series, timestamp and value`);
  for (const [index, line] of lines.entries()) {
    const cells = line.split(",");
    const row: [number, number] = [timeOf(cells[time]), Number(cells[value])];
    if (row.some(Number.isNaN))
      throw new Error(`${seriesFile}:${index + 2} is not a row: ${line.slice(0, 80)}`);
    const series = cells[name] as string;
    if (!rows.has(series)) rows.set(series, []);
    rows.get(series)?.push(row);
  }
  return [...rows].map(([series, found]) => {
    const labelled = windows[series];
    if (!labelled) throw new Error(`${windowsFile} has no windows of ${series}`);
    found.sort(([a], [b]) => a - b);
    return {
      name: series,
      timesMs: found.map(([timeMs]) => timeMs),
      people: found.map(([, people]) => people),
      windows: labelled.map(([start, end]) => [timeOf(start), timeOf(end)]),
    };
  });
}

async function readText(file: string): Promise<string> {
  const bytes = await readFile(file);
  return (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
}

/** "2015-03-03 04:37:53.000000" is UTC. */
function timeOf(text = ""): number {
  const [, day, clock] = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)/.exec(text.trim()) ?? [];
  return Date.parse(`${day}T${clock}Z`);
}
