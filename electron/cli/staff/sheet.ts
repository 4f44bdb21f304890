import encodeQR from 'qr';

/** A technician's second factor, shown only once. */
export interface Sheet {
  readonly uri: string;
  readonly secret: string;
  readonly paper: readonly string[];
}

/**
 * Returns what is handed over to a member of staff, once.
 *
 * @param done what was done, e.g. `was added`
 * @param pin for their first use; null: their PIN is unchanged
 */
export function handedText(name: string, done: string, pin: string | null, factor: Sheet | null): string {
  return [
    `${name} ${done}.${pin || factor ? ' This is shown once; clear the screen afterwards.' : ''}`,
    ...(pin === null ? [] : ['', `Starter PIN, to be replaced by one of their own: ${pin}`]),
    ...(factor ? factorText(factor) : []),
  ].join('\n');
}

const factorText = ({ uri, secret, paper }: Sheet): string[] => [
  '',
  ...picture(uri),
  '',
  'Read it with an authenticator app, or type the secret there (time-based, 6 digits):',
  `  ${secret.match(/.{1,4}/g)!.join(' ')}`,
  '',
  'Paper codes, each valid once, whatever the clocks say. Keep them apart from the phone:',
  ...paper.map((code) => `  ${code}`),
];

/** Draws a QR code with two rows of modules per line of text. */
function picture(text: string): string[] {
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border: 2 });
  const lines: string[] = [];
  for (let y = 0; y < rows.length; y += 2) {
    const upper = rows[y]!;
    // Light modules are drawn, since most terminals show light on dark.
    lines.push(upper.map((dark, x) => block(!dark, !(rows[y + 1]?.[x] ?? true))).join(''));
  }
  return lines;
}

const block = (upper: boolean, lower: boolean): string => (upper ? (lower ? '█' : '▀') : lower ? '▄' : ' ');
