/** Why a PIN is too easy to guess, or null. The core refuses it with a sentence; a screen says so before anything is sent. */
export function weakPin(pin: string): 'repeated' | 'sequence' | null {
  if (/^(\d)\1+$/.test(pin)) return 'repeated';
  const steps = [...pin].slice(1).map((digit, i) => Number(digit) - Number(pin[i]));
  if (steps.every((step) => step === 1) || steps.every((step) => step === -1)) return 'sequence';
  return null;
}
