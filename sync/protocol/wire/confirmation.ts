/** Normalises texts that mean one name or number for comparison: without case, accents, spaces and punctuation. Pure. */
const bare = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N}]/gu, '')
    .toLowerCase();

/**
 * Whether staff typed who the other person is, by number or name, and so has looked at who it concerns. Pure.
 *
 * @param typed as typed
 */
export function namesPerson(
  typed: string,
  { name, number }: { readonly name: string; readonly number: string | null },
): boolean {
  const said = bare(typed);
  return said !== '' && (said === bare(number ?? '') || said === bare(name));
}
