import { lookup as systemLookup, type LookupAddress, type LookupAllOptions } from "node:dns";
import { BlockList, isIP, isIPv6, type LookupFunction } from "node:net";
import { FinkError } from "../errors.ts";

/**
 * Addresses that are not of the public Internet (IANA's special-purpose registries). Those of IPv6
 * that hold one of IPv4 are refused whole.
 */
// two lists: for one, an address of IPv4 is one of IPv6 as well
const reserved = { ipv4: new BlockList(), ipv6: new BlockList() };
for (const net of (
  "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 " +
  "198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 " +
  "::/96 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8"
).split(" ")) {
  const [address, bits] = net.split("/");
  const family = isIPv6(address) ? "ipv6" : "ipv4";
  reserved[family].addSubnet(address, Number(bits), family);
}

export function isPublic(address: string): boolean {
  const family = isIPv6(address) ? "ipv6" : "ipv4";
  return isIP(address) !== 0 && !reserved[family].check(address, family);
}

/**
 * Refuses a URL whose host is such an address; names are looked at by `publicLookup` when they are
 * connected to.
 */
export function checkUrl({ hostname }: URL): void {
  const host = hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0 && !isPublic(host)) throw refusal(host, host);
}

export type SystemLookup = (
  host: string,
  options: LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Looks a name up and gives only public addresses. The connection goes to the very address that was
 * looked at: a name that answers differently the next time (DNS rebinding) leads nowhere else.
 */
export function publicLookup(system: SystemLookup = systemLookup): LookupFunction {
  return (host, options, done) => {
    const all: LookupAllOptions = { hints: options.hints, family: options.family, all: true };
    system(host, all, (error, found) => {
      const allowed = error ? [] : found.filter(({ address }) => isPublic(address));
      if (error) done(error, "");
      else if (allowed.length === 0)
        done(refusal(host, found.map(({ address }) => address).join(", ")), "");
      else if (options.all) done(null, allowed);
      else done(null, allowed[0].address, allowed[0].family);
    });
  };
}

function refusal(host: string, addresses: string): FinkError {
  return new FinkError(
    "delivery",
    `${host} is ${addresses || "nowhere"}, not an address of the public Internet: set allowPrivate where that is meant`,
  );
}
