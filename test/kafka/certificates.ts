import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** PEM files of one broker and one client; each is its own authority. */
export interface Certificates {
  readonly brokerCert: string;
  readonly brokerKeystore: string;
  readonly clientCert: string;
  readonly clientKey: string;
}

/** The broker's certificate is for `localhost` only, so that 127.0.0.1 is the wrong name. */
export function makeCertificates(folder: string): Certificates {
  const broker = selfSigned(folder, "broker", "localhost");
  const client = selfSigned(folder, "client", "archive");
  const brokerKeystore = join(folder, "broker.p12");
  openssl([
    "pkcs12",
    "-export",
    "-in",
    broker.cert,
    "-inkey",
    broker.key,
    "-out",
    brokerKeystore,
    "-passout",
    "pass:secret",
  ]);
  return {
    brokerCert: broker.cert,
    brokerKeystore,
    clientCert: client.cert,
    clientKey: client.key,
  };
}

function selfSigned(folder: string, name: string, host: string): { cert: string; key: string } {
  const cert = join(folder, `${name}.pem`);
  const key = join(folder, `${name}.key`);
  const subject = ["-subj", `/CN=${host}`, "-addext", `subjectAltName=DNS:${host}`];
  openssl([
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "30",
    "-keyout",
    key,
    "-out",
    cert,
    ...subject,
  ]);
  return { cert, key };
}

function openssl(args: string[]): void {
  execFileSync("openssl", args, { stdio: "pipe" });
}
