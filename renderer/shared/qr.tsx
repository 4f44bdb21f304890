import encodeQR from 'qr';

/** Clear modules around a code, which readers need. */
const QUIET = 4;
const ALPHANUMERIC = /^[0-9A-Z $%*+\-./:]+$/;

/**
 * A QR code, always black on white, because cameras need that.
 *
 * @param ecc error correction, the share that may be unreadable: more on paper, which wears
 */
export function Qr({ text, label, ecc }: { text: string; label: string; ecc: 'medium' | 'quartile' }) {
  // Text of only capitals and digits makes a code with fewer, larger squares.
  const encoding = ALPHANUMERIC.test(text) ? 'alphanumeric' : 'byte';
  const rows = encodeQR(text, 'raw', { ecc, border: QUIET, encoding });
  const path = rows.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  return (
    <svg
      class="qr"
      viewBox={`0 0 ${rows.length} ${rows.length}`}
      role="img"
      aria-label={label}
      shape-rendering="crispEdges"
    >
      <rect width="100%" height="100%" fill="#ffffff" />
      <path d={path} fill="#000000" />
    </svg>
  );
}
