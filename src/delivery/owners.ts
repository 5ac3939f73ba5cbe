import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TargetConfig } from "../config/targets.ts";
import { messageOf } from "../errors.ts";
import type { OwnerMessage } from "../filters/states.ts";
import { filtersFolder } from "../filters/versions.ts";
import { sendMail } from "./email.ts";
import type { DeliveryStore } from "./store.ts";
import { posterOf } from "./webhook.ts";
import { requestWith } from "./webhook-body.ts";

/** Under this name the store keeps how many of the messages are sent. */
const owners = "owners of filters";

/**
 * Sends what the filter service has to say to owners of filters, such as that one was switched off: to an e-mail address through the mail server of a target, or to
 * the target that is named. What cannot be sent is a line of the delivery log; the next ones are not kept from going.
 */
export async function tellOwners(lake: string, targets: ReadonlyMap<string, TargetConfig>, store: DeliveryStore, signal: AbortSignal): Promise<void> {
  const file = join(filtersFolder(lake), "messages.jsonl");
  if (!existsSync(file)) return;
  const position = store.position(owners, "") ?? { version: 0, row: 0, matchedAt: 0n, sentAt: 0 };
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1); // the last one may be half written
  for (let done = position.version; done < lines.length && !signal.aborted; done++) {
    const message = JSON.parse(lines[done]) as OwnerMessage;
    const startedAt = performance.now();
    const error = message.owner === "" ? null : await send(message, targets, signal).then(() => "", messageOf);
    if (signal.aborted) return;
    const { survey, filter, version, owner: target } = message;
    const took = { at: Date.now(), milliseconds: performance.now() - startedAt };
    const line = { ...took, target, survey, filter, matches: 0, first: `owner of ${filter}@${version}` };
    store.advance(owners, "", { ...position, version: done + 1, sentAt: line.at }, error === null ? [] : [{ ...line, error }], []);
  }
}

async function send(message: OwnerMessage, targets: ReadonlyMap<string, TargetConfig>, signal: AbortSignal): Promise<void> {
  const { owner, filter, survey, version, text, at } = message;
  const id = `${survey}/${filter}@${version}/owner/${at}`;
  const mail = { subject: `Fink: filter ${filter} is switched off`, text: `${text}\n`, ids: [id] };
  const [named] = [...targets].filter(([name]) => name === owner);
  if (!named && !owner.includes("@")) throw new Error(`${owner} is neither an e-mail address nor a target`);
  const mailer = named ?? [...targets].find(([, { kind }]) => kind === "email");
  if (!mailer) throw new Error("there is no target of kind email whose mail server could be used");
  const [name, target] = mailer;
  if (target.kind === "email") return await sendMail(name, named ? target : { ...target, to: [owner] }, mail);
  if (target.kind !== "webhook") throw new Error(`target ${name} takes no messages to owners: name one of kind webhook or email`);
  const poster = posterOf(target);
  const event = () => ({ type: "filter.off", timestamp: new Date(at).toISOString(), data: { survey, filter, version, text } });
  const rejection = await poster.post(requestWith({ id, title: filter, text: () => text, event }, target, Date.now()), signal).finally(() => poster.close());
  if (rejection) throw new Error(`${name} ${rejection.reason}`);
}
