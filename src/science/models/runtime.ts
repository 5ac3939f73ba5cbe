import type * as onnxruntime from "onnxruntime-web/wasm";
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { projectFolder } from "../../config/load.ts";
import { FinkError, messageOf } from "../../errors.ts";
import { makeFolder } from "../../folder.ts";

/** A block of numbers, the last index fastest. */
export interface Tensor {
  readonly data: Float32Array | Int32Array | BigInt64Array;
  readonly shape: readonly number[];
}

export interface Session {
  readonly inputs: ReadonlyMap<
    string,
    { readonly type: string; readonly shape: readonly (number | string)[] }
  >;
  readonly outputs: readonly string[];
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
}

type Onnx = typeof onnxruntime;

const folder = join(projectFolder, ".cache/onnx");
const installed = join(folder, "node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs");

/** A model in WebAssembly, in the thread that calls. Throws "model" for what is no model. */
export async function openSession(bytes: Uint8Array, name: string): Promise<Session> {
  const { InferenceSession, Tensor } = await onnx();
  try {
    const session = await InferenceSession.create(bytes);
    const inputs = new Map(
      session.inputMetadata.map((input) => [
        input.name,
        input.isTensor ? input : { type: "no tensor", shape: [] },
      ]),
    );
    return {
      inputs,
      outputs: session.outputNames,
      run: async (feeds) => {
        const given = Object.entries(feeds).map(
          ([input, { data, shape }]) => [input, new Tensor(data, shape)] as const,
        );
        const found = await inTurn(() => session.run(Object.fromEntries(given)));
        return Object.fromEntries(
          Object.entries(found).map(([output, { data, dims }]) => [
            output,
            { data: data as Tensor["data"], shape: dims },
          ]),
        );
      },
    };
  } catch (error) {
    throw new FinkError("model", `${name} cannot be loaded: ${messageOf(error)}`, error);
  }
}

let last: Promise<unknown> = Promise.resolve();

/** Modules of a batch wait side by side, and all sessions of a thread share one memory. */
function inTurn<T>(act: () => Promise<T>): Promise<T> {
  const mine = last.then(act);
  last = mine.catch(() => null);
  return mine;
}

let loading: Promise<Onnx> | null = null;

/** The runtime is large and few use it: it is loaded at the first model. */
function onnx(): Promise<Onnx> {
  return (loading ??= load().catch((error: unknown) => {
    loading = null;
    throw error;
  }));
}

async function load(): Promise<Onnx> {
  const found = await import("onnxruntime-web/wasm").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    if (!existsSync(installed))
      throw new FinkError(
        "model",
        "onnxruntime-web, which runs models, is not installed: ./fink model add brings it",
      );
    return import(pathToFileURL(installed).href) as Promise<Onnx>;
  });
  found.env.wasm.numThreads = 1; // alerts are shared out among our own threads
  found.env.logLevel = "error";
  return found;
}

/**
 * Installs the runtime where it is not there. Throws "model" when that fails, as without a network.
 */
export async function bringRuntime(say: (line: string) => void): Promise<void> {
  if (await onnx().catch(() => null)) return;
  const { devDependencies } = JSON.parse(
    readFileSync(join(projectFolder, "package.json"), "utf8"),
  ) as { devDependencies: Record<string, string> };
  const wanted = `onnxruntime-web@${devDependencies["onnxruntime-web"]}`;
  say(`installing ${wanted}, which runs models (140 MB, once)`);
  makeFolder(folder);
  try {
    await promisify(execFile)("npm", [
      "install",
      "--prefix",
      folder,
      "--no-audit",
      "--no-fund",
      "--loglevel=error",
      wanted,
    ]);
  } catch (error) {
    const why = messageOf(
      error instanceof Error && "stderr" in error ? String(error.stderr) || error : error,
    );
    throw new FinkError(
      "model",
      `${wanted} could not be installed: ${why}; npm needs the network once (look at \`npm config get registry\`)`,
      error,
    );
  }
  await onnx();
}
