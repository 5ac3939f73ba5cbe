import { dirname, join } from "node:path";
import { FinkError } from "../../errors.ts";
import { makeFolder } from "../../folder.ts";
import type { ClassModel } from "../classes/class.ts";
import { classes } from "../classes/classes.ts";
import type { Batch } from "../night/batch.ts";
import { randomStream } from "../random.ts";
import type { SurveyName } from "../survey/telescope.ts";
import type { Sight } from "./catalogue.ts";
import { catalogues } from "./catalogues.ts";
import type { Columns, Row } from "./columns.ts";
import { cannotWrite, ParquetWriter } from "./parquet.ts";
import { hashOfText, sightOf } from "./sight.ts";
import { alertColumns, objectColumns, objectRow } from "./tables.ts";

export interface TruthPaths {
  /** File of the objects, `x.parquet`; that of the alerts is `x_alerts.parquet` beside it. */
  readonly truth?: string;
  /** Folder of the catalogues. */
  readonly catalogues?: string;
}

export interface TruthWriter {
  add(batch: Batch): Promise<void>;
  /**
   * Gives the files their names, and returns these. Until then, and after an error, what was under
   * them before is still there.
   */
  close(): Promise<string[]>;
  /** Removes what was written. */
  discard(): Promise<void>;
}

/**
 * Writes what is true of simulated alerts, and the catalogues that follow from it. Throws FinkError
 * "io", here or later, where the disk does not take it.
 */
export async function openTruth(
  paths: TruthPaths,
  survey: SurveyName,
  models: readonly ClassModel[] = classes,
): Promise<TruthWriter> {
  const tables = [...truthTables(paths.truth), ...catalogueTables(paths.catalogues)];
  const files: ParquetWriter<Columns>[] = [];
  const discard = async (): Promise<void> =>
    void (await Promise.all(files.map((file) => file.discard())));
  const orDiscard = (error: unknown): Promise<never> => discard().then(() => Promise.reject(error));
  const open = async (): Promise<void> => {
    for (const { path, columns } of tables) {
      try {
        makeFolder(dirname(path));
      } catch (error) {
        throw cannotWrite(dirname(path), error);
      }
      files.push(await ParquetWriter.create(path, columns));
    }
  };
  await open().catch(orDiscard);
  const newObjects = newIn(survey, models);
  return {
    async add(batch) {
      const fresh = newObjects(batch);
      for (const [i, { rows }] of tables.entries()) await files[i].add(rows(batch, fresh));
    },
    async close() {
      const close = async (): Promise<void> => {
        for (const file of files) await file.close();
        for (const file of files) await file.publish();
      };
      await close().catch(orDiscard);
      return files.map((file) => file.path);
    },
    discard,
  };
}

interface TruthTable {
  readonly path: string;
  readonly columns: Columns;
  rows(batch: Batch, fresh: readonly NewObject[]): readonly Row[];
}

function truthTables(path: string | undefined): TruthTable[] {
  if (path === undefined) return [];
  return [
    {
      path,
      columns: objectColumns,
      rows: (_, fresh) => fresh.map(({ sight }) => objectRow(sight.object)),
    },
    {
      path: path.replace(/(\.parquet)?$/, "_alerts.parquet"),
      columns: alertColumns,
      rows: ({ truth }) => truth as unknown as readonly Row[],
    },
  ];
}

function catalogueTables(folder: string | undefined): TruthTable[] {
  if (folder === undefined) return [];
  return catalogues.map(({ name, columns, entries }) => ({
    path: join(folder, `${name}.parquet`),
    columns,
    rows: (_, fresh) =>
      fresh.flatMap(({ sight, seed, isListed }) =>
        isListed ? [] : entries(sight, randomStream(seed, hashOfText(name))),
      ),
  }));
}

/** An object that no earlier batch had. */
interface NewObject {
  readonly sight: Sight;
  /** Of its random streams. */
  readonly seed: number;
  /** A ZTF asteroid that the catalogues have already, from under another objectId. */
  readonly isListed: boolean;
}

/** Remembers ids only: some 100 bytes an object. */
function newIn(survey: SurveyName, models: readonly ClassModel[]): (batch: Batch) => NewObject[] {
  const modelOf = new Map(models.map((model) => [model.name, model]));
  // many sets, because one holds 16.7 million at most
  const seen = Array.from({ length: 64 }, () => new Set<string>());
  const asteroids = new Set<number>();
  return ({ objects, truth }) => {
    const firstAlert = new Map(truth.toReversed().map(({ objectId, mjd }) => [objectId, mjd]));
    return objects.flatMap((object) => {
      const { objectId, asteroid } = object;
      const model = modelOf.get(object.class);
      if (!model)
        throw new FinkError(
          "internal",
          `class ${object.class} of ${objectId} is in no list of classes`,
        );
      const seed = hashOfText(objectId);
      const known = seen[seed % seen.length];
      if (known.has(objectId)) return [];
      // these are never seen again under this id
      const isOneOff = model.kind === "artefact" || (survey === "ztf" && asteroid !== null);
      if (!isOneOff) known.add(objectId);
      const isListed = asteroid !== null && asteroids.has(asteroid.number);
      if (asteroid) asteroids.add(asteroid.number);
      return [
        {
          sight: sightOf(object, model, firstAlert.get(objectId)!, randomStream(seed)),
          seed,
          isListed,
        },
      ];
    });
  };
}
