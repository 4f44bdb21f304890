import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { command } from '../../../disk/program.ts';
import { check, DAY_MS, HOUR_MS, opened } from './check.ts';

/** Days before a certificate's end from which it is reported. */
const SOON_DAYS = 21;
/** The same for the CA. Kiosks stop working with it, so it is reported months ahead. */
const CA_SOON_DAYS = 120;

/** Checks certificates that are not renewed automatically. */
export const certificatesCheck = check({
  name: 'certificates',
  of: 'process',
  everyMs: HOUR_MS,
  outcomes: {
    'people-certificate-ended': {
      level: 'degrades',
      says: 'The certificate of console and portal has expired: browsers refuse their pages.',
      next: 'Renew it, put it at SMARTPRESENCE_PEOPLE_CERT, and start the server again.',
    },
    'people-certificate-ends-soon': {
      level: 'degrades',
      says: 'The certificate of console and portal expires soon.',
      next: 'Renew it, put it at SMARTPRESENCE_PEOPLE_CERT, and start the server again.',
    },
    'ca-ends-soon': {
      level: 'degrades',
      says: 'The server’s CA, which kiosks trust, expires soon.',
      next: `Replace it in time: \`${command('server keys succeed ca')}\` (docs/prove/keys.md).`,
    },
    'broker-certificate-ended': {
      level: 'degrades',
      says: 'A broker’s certificate has expired: kiosks use HTTPS instead.',
      next: `Make a new one with \`${command('server mosquitto --out /etc/smartpresence/mosquitto --hostname HOST')}\`, then \`systemctl restart smartpresence-mosquitto\`.`,
    },
    'broker-certificate-ends-soon': {
      level: 'degrades',
      says: 'A broker’s certificate expires soon.',
      next: `Make a new one with \`${command('server mosquitto --out /etc/smartpresence/mosquitto --hostname HOST')}\`, then \`systemctl restart smartpresence-mosquitto\`.`,
    },
  },
  async inspect(subject) {
    const { config } = subject;
    const { keyring } = opened(subject);
    const end = (pem: string) => Date.parse(new X509Certificate(pem).validTo);
    return {
      now: subject.now().getTime(),
      // Null: the server makes its own certificate and renews it in time.
      people: config.peopleCertificate ? end(readFileSync(config.peopleCertificate.certFile, 'utf8')) : null,
      ca: end(keyring.ca.certPem),
      brokers: await brokerCertificateEnds(config.mqtt.brokers),
    };
  },
  judge({ now, people, ca, brokers }) {
    const broker = brokers.length > 0 ? Math.min(...brokers) : null;
    const ended = (end: number | null) => end !== null && end <= now;
    const endsSoon = (end: number | null, soon = SOON_DAYS) => {
      const days = end === null ? Number.POSITIVE_INFINITY : Math.floor((end - now) / DAY_MS);
      return days < soon && !ended(end) && `${days} days`;
    };
    return {
      'people-certificate-ended': ended(people),
      'people-certificate-ends-soon': endsSoon(people),
      'ca-ends-soon': ended(ca) ? 'it has expired' : endsSoon(ca, CA_SOON_DAYS),
      'broker-certificate-ended': ended(broker),
      'broker-certificate-ends-soon': endsSoon(broker),
    };
  },
  remark({ people, ca, brokers }) {
    const until = (end: number) => `until ${new Date(end).toISOString().slice(0, 10)}`;
    return [
      `console and portal ${people === null ? 'renewed by the server' : until(people)}`,
      `CA ${until(ca)}`,
      ...(brokers.length > 0 ? [`broker ${until(Math.min(...brokers))}`] : []),
    ].join(', ');
  },
});

const CONNECT_MS = 5000;

/**
 * Returns when the certificates of those brokers that answer end, ms since 1970. Sends nothing and need not verify them: with
 * an expired certificate, every real connection fails.
 */
async function brokerCertificateEnds(urls: readonly string[]): Promise<number[]> {
  const ends = await Promise.all(urls.map(endOf));
  return ends.filter((end) => end !== null);
}

function endOf(url: string): Promise<number | null> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port: Number(port || 8883),
      ...(isIP(host) === 0 && { servername: host }),
      rejectUnauthorized: false,
    });
    const end = (at: number | null) => {
      socket.destroy();
      resolve(at);
    };
    socket.setTimeout(CONNECT_MS, () => end(null));
    socket.on('error', () => end(null));
    socket.once('secureConnect', () => {
      const { valid_to } = socket.getPeerCertificate();
      end(valid_to ? Date.parse(valid_to) : null);
    });
  });
}
