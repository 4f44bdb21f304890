/** Normalises a name or number for comparison: removes case, accents, spaces and punctuation. Pure. */
const bare = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N}]/gu, '')
    .toLowerCase();

/**
 * Returns whether `typed` is the other person's number or name, which shows that staff has checked who the action concerns.
 * Pure.
 */
export function namesPerson(
  typed: string,
  { name, number }: { readonly name: string; readonly number: string | null },
): boolean {
  const said = bare(typed);
  return said !== '' && (said === bare(number ?? '') || said === bare(name));
}
