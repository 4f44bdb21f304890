/** As a number is compared: capitals and small letters are one. */
export const numberKey = (number: string): string => number.normalize('NFC').toUpperCase();

/**
 * Letters and digits alone: the keys on the glass have no slash, dot or blank, which numbers of other programs have.
 * Empty for a number of such signs alone.
 */
export const bareNumber = (number: string): string =>
  number
    .normalize('NFKC')
    .toUpperCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '');
