import { z } from "zod";
import { messageOf } from "../../errors.ts";
import { readArea } from "../../filters/places/area.ts";
import { type PlaceKind, Places } from "../../filters/places/places.ts";
import { readWatchlist } from "../../filters/places/watchlist.ts";
import { defineCommand } from "../command.ts";
import { table } from "../table.ts";

export const places = defineCommand({
  arguments: "",
  description:
    "Reads the watch lists and areas that filters may name, and says what is in each, or what is wrong with it.",
  example: "./fink places --json",
  flags: z.object({}),
  async run(context) {
    const { filters } = context.config().config;
    const folders = new Places(filters);
    const found = await Promise.all(
      (["on_watchlist", "in_area"] as const).map(
        async (kind) =>
          await Promise.all([...folders.list(kind)].map(([name, file]) => about(kind, name, file))),
      ),
    );
    const all = found.flat();
    const rows = all.map(({ call, what, file }) => [call, what, file]);
    if (context.json) context.print(JSON.stringify(all, null, 2));
    else if (all.length > 0) context.print(table(["in a filter", "what it is", "file"], rows));
    else
      context.print(
        `There are none: put files into ${filters.watchlists} and ${filters.areas}; docs/filters-cookbook.md says which.`,
      );
    return all.every(({ isUsable }) => isUsable) ? 0 : 1;
  },
});

interface About {
  readonly call: string;
  readonly what: string;
  readonly file: string;
  readonly isUsable: boolean;
}

async function about(kind: PlaceKind, name: string, file: string): Promise<About> {
  const call = `${kind}('${name}')`;
  try {
    return {
      call,
      file,
      what: kind === "in_area" ? areaText(file) : await listText(file),
      isUsable: true,
    };
  } catch (error) {
    return { call, file, what: messageOf(error), isUsable: false };
  }
}

async function listText(file: string): Promise<string> {
  const { positions, objects } = await readWatchlist(file);
  return [
    `${positions.toLocaleString("en")} positions`,
    `${objects.size.toLocaleString("en")} objects`,
  ]
    .filter((text) => !text.startsWith("0 "))
    .join(", ");
}

function areaText(file: string): string {
  const { form, partOfSky } = readArea(file);
  const squareDegrees = partOfSky * 41252.96;
  return `${form}, ${squareDegrees.toLocaleString("en", { maximumSignificantDigits: 3 })} square degrees`;
}
