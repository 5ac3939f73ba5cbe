import { runCommandLine } from "../../src/cli/run.ts";
import { commandsOfFakeSky } from "./fake-sky.ts";

process.exitCode = await runCommandLine(process.argv.slice(2), commandsOfFakeSky);
