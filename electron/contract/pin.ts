/** Replaces digits as Arabic, Persian and full-width Chinese keyboards type them by 0 to 9. */
export const plainDigits = (text: string): string =>
  text.replaceAll(/[\u0660-\u0669\u06f0-\u06f9\uff10-\uff19]/g, (digit) => String(digit.charCodeAt(0) & 15));

/** Returns why a PIN is too easy to guess, or null. The core refuses it; a screen shows the reason before anything is sent. */
export function weakPin(pin: string): 'repeated' | 'sequence' | null {
  if (/^(\d)\1+$/.test(pin)) return 'repeated';
  const steps = [...pin].slice(1).map((digit, i) => Number(digit) - Number(pin[i]));
  if (steps.every((step) => step === 1) || steps.every((step) => step === -1)) return 'sequence';
  return null;
}
