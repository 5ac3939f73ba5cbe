import { expect, it } from "vitest";
import { checkUrl, isPublic, publicLookup, type SystemLookup } from "./public-address.ts";

it.each(["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1111", "2a00:1450:4007::200e"])(
  "%s is public",
  (address) => {
    expect(isPublic(address)).toBe(true);
  },
);

it.each([
  "127.0.0.1",
  "10.1.2.3",
  "172.20.0.1",
  "192.168.1.1",
  "169.254.169.254",
  "100.64.0.1",
  "0.0.0.0",
  "224.0.0.1",
  "::1",
  "::",
  "fe80::1",
  "fd12::1",
  "::ffff:10.0.0.1",
  "::ffff:7f00:1",
  "64:ff9b::a00:1",
  "2002:a00:1::",
])("%s is not", (address) => {
  expect(isPublic(address)).toBe(false);
});

it.each([
  "http://127.0.0.1:80/",
  "http://[::1]/",
  "http://0x7f.1/",
  "http://2130706433/",
  "http://[::ffff:169.254.169.254]/",
])("%s is refused", (url) => {
  expect(() => checkUrl(new URL(url))).toThrow("not an address of the public Internet");
});

const lookupWith = (...answers: readonly string[][]): SystemLookup => {
  let asked = 0;
  return (_host, _options, done) =>
    done(
      null,
      answers[asked++ % answers.length].map((address) => ({
        address,
        family: address.includes(":") ? 6 : 4,
      })),
    );
};

it("of a name only public addresses are given, each time it is asked", async () => {
  const lookup = publicLookup(lookupWith(["93.184.215.14", "10.0.0.1"], ["127.0.0.1"]));
  const ask = () =>
    new Promise((resolve) =>
      lookup("rebinding.example", { all: true }, (error, found) =>
        resolve(error?.message ?? found),
      ),
    );
  expect(await ask()).toEqual([{ address: "93.184.215.14", family: 4 }]);
  expect(await ask()).toBe(
    "rebinding.example is 127.0.0.1, not an address of the public Internet: set allowPrivate where that is meant",
  );
});
