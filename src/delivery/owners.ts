import type { TargetConfig } from "../config/targets.ts";
import { messageOf } from "../errors.ts";
import { type OwnerMessage, ownerMessages } from "../filters/owner-messages.ts";
import { sendMail } from "./email.ts";
import { targetMask } from "./open.ts";
import type { DeliveryStore } from "./store.ts";
import { posterOf } from "./webhook.ts";
import { requestWith } from "./webhook-body.ts";

/** Under this name the store keeps the number of the last message that was sent. */
const owners = "owners of filters";

/**
 * Sends what the filter service has to say to owners of filters, such as that one was switched off:
 * to an e-mail address through the mail server of a target, or to the target that is named. What
 * cannot be sent is a line of the delivery log; the next ones are not kept from going.
 */
export async function tellOwners(
  lake: string,
  targets: ReadonlyMap<string, TargetConfig>,
  store: DeliveryStore,
  signal: AbortSignal,
): Promise<void> {
  for (const message of ownerMessages(lake)) {
    const position = store.position(owners, "");
    if (message.number <= (position?.version ?? 0)) continue;
    const startedAt = performance.now();
    const error =
      message.owner === ""
        ? null
        : await send(message, targets, signal).then(
            () => "",
            (thrown: unknown) =>
              [...targets.values()].reduce(
                (text, target) => targetMask(target)(text),
                messageOf(thrown),
              ),
          );
    if (signal.aborted) return;
    const { survey, filter, version, owner: target } = message;
    const took = { at: Date.now(), milliseconds: performance.now() - startedAt };
    const line = {
      ...took,
      target,
      survey,
      filter,
      matches: 0,
      first: `owner of ${filter}@${version}`,
    };
    const next = {
      row: 0,
      matchedAt: 0n,
      since: 0,
      ...position,
      version: message.number,
      sentAt: line.at,
    };
    store.advance(owners, "", position, next, {
      lines: error === null ? [] : [{ ...line, error }],
    });
  }
}

async function send(
  message: OwnerMessage,
  targets: ReadonlyMap<string, TargetConfig>,
  signal: AbortSignal,
): Promise<void> {
  const { owner, filter, survey, version, text, at } = message;
  const id = `${survey}/${filter}@${version}/owner/${at}`;
  const mail = { subject: `Fink: filter ${filter} is switched off`, text: `${text}\n`, ids: [id] };
  const [named] = [...targets].filter(([name]) => name === owner);
  if (!named && !owner.includes("@"))
    throw new Error(`${owner} is neither an e-mail address nor a target`);
  const mailer = named ?? [...targets].find(([, { kind }]) => kind === "email");
  if (!mailer) throw new Error("there is no target of kind email whose mail server could be used");
  const [name, target] = mailer;
  if (target.kind === "email")
    return await sendMail(name, named ? target : { ...target, to: [owner] }, mail);
  if (target.kind !== "webhook")
    throw new Error(
      `target ${name} takes no messages to owners: name one of kind webhook or email`,
    );
  const poster = posterOf(target);
  const event = () => ({
    type: "filter.off",
    timestamp: new Date(at).toISOString(),
    data: { survey, filter, version, text },
  });
  const rejection = await poster
    .post(requestWith({ id, title: filter, text: () => text, event }, target, Date.now()), signal)
    .finally(() => poster.close());
  if (rejection) throw new Error(`${name} ${rejection.reason}`);
}
