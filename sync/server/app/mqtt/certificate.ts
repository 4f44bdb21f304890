import { isIP } from 'node:net';
import { connect } from 'node:tls';

const CONNECT_MS = 5000;

/**
 * When the certificates of brokers end, ms since 1970; of those that answer. Nothing is sent, and nothing believed: a
 * certificate that has ended fails every real connection.
 */
export async function brokerCertificateEnds(urls: readonly string[]): Promise<number[]> {
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
