import { runCommandLine } from "./run.ts";

// whoever reads our output may stop early: `./fink query … | head`
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

// nor does a log that nobody reads end a service
process.stderr.on("error", () => {});

process.exitCode = await runCommandLine(process.argv.slice(2));
