import { z } from "zod";
import { effectiveYaml, maskSecrets } from "../../config/yaml.ts";
import { defineCommand } from "../command.ts";

export const config = defineCommand({
  arguments: "",
  description:
    "As YAML; a comment tells where a value comes from that is not the default. Passwords are masked.",
  example: "./fink config -c fink.yaml --lake /data/lake",
  flags: z.object({}),
  async run(context) {
    const loaded = context.config();
    context.print(
      context.json
        ? JSON.stringify(maskSecrets(loaded.config), null, 2)
        : effectiveYaml(loaded).trimEnd(),
    );
  },
});
