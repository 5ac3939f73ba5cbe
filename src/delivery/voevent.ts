import { utcOfTai } from "../sky/leap-seconds.ts";
import { msOfMjd } from "../sky/time.ts";
import { isJsonNumber } from "../sql/values.ts";
import type { Survey } from "../surveys/definition.ts";
import { type Json, jsonOf, withoutBulk } from "./json.ts";
import type { Message } from "./target.ts";

/**
 * A match as VOEvent 2.0 (IVOA Recommendation of 2011-07-11): the alert's numbers and texts as
 * parameters, structures as groups named by their paths.
 */
export function voEvent(message: Message, survey: Survey): string {
  const { id, match, filter, alert, columns } = message;
  const { ra, dec, mjd } = match;
  const about = params({
    filter: match.filter,
    filter_version: match.filter_version,
    alert: String(match.alert),
    object: match.object,
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<voe:VOEvent xmlns:voe="http://www.ivoa.net/xml/VOEvent/v2.0" version="2.0" role="observation" ivorn="ivo://fink/${escaped(message.survey)}#${escaped(id)}">
<Who><AuthorIVORN>ivo://fink</AuthorIVORN><Date>${iso(Number(match.matched_at / 1000n))}</Date><Author><title>Fink</title></Author></Who>
<What>${about}${groups("alert", jsonOf(alert, filter.columns ? columns : withoutBulk(columns)))}</What>
${ra === null || dec === null || mjd === null ? "" : whereWhen(ra, dec, isoTime(mjd, survey), survey)}
<Why><Concept>${escaped(filter.description)}</Concept></Why>
</voe:VOEvent>
`;
}

function whereWhen(ra: number, dec: number, time: string, { title, name }: Survey): string {
  return `<WhereWhen><ObsDataLocation><ObservatoryLocation id="${escaped(title || name)}"/><ObservationLocation><AstroCoordSystem id="UTC-ICRS-TOPO"/>
<AstroCoords coord_system_id="UTC-ICRS-TOPO"><Time unit="s"><TimeInstant><ISOTime>${time}</ISOTime></TimeInstant></Time>
<Position2D unit="deg"><Name1>RA</Name1><Name2>Dec</Name2><Value2><C1>${ra}</C1><C2>${dec}</C2></Value2><Error2Radius>0.0003</Error2Radius></Position2D>
</AstroCoords></ObservationLocation></ObsDataLocation></WhereWhen>`;
}

/** UTC without a Z, as VOEvent has it. A survey whose column says so has TAI. */
function isoTime(mjd: number, { time }: Survey): string {
  return iso(msOfMjd(time?.field.some((field) => /tai$/i.test(field)) ? utcOfTai(mjd) : mjd));
}

function iso(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "");
}

function params(values: Readonly<Record<string, Json>>): string {
  return Object.entries(values)
    .map(([name, value]) => {
      if (value === null || isStructure(value)) return "";
      const text = typeof value === "object" ? JSON.stringify(value) : String(value);
      return `<Param name="${escaped(name)}" value="${escaped(text)}" dataType="${isJsonNumber(value) ? "float" : "string"}"/>`;
    })
    .filter((param) => param !== "")
    .join("\n");
}

/**
 * A group of these values, and one for each structure within, under its dotted path: VOEvent 2.0
 * has no group in a group.
 */
function groups(name: string, values: Readonly<Record<string, Json>>, path = ""): string {
  const inner = Object.entries(values).map(([key, value]) =>
    isStructure(value) ? groups(`${path}${key}`, value, `${path}${key}.`) : "",
  );
  const own = params(values);
  return [own === "" ? "" : `<Group name="${escaped(name)}">${own}</Group>`, ...inner]
    .filter((group) => group !== "")
    .join("\n");
}

function isStructure(value: Json): value is Readonly<Record<string, Json>> {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !isJsonNumber(value)
  );
}

// eslint-disable-next-line no-control-regex
const notXml = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

/** For XML, which has no place for some characters. */
export function escaped(text: string): string {
  return text
    .replace(notXml, "")
    .replace(
      /[&<>"]/g,
      (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]!,
    );
}
