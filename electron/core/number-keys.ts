import { plainDigits } from '../contract/pin.ts';

/** As a badge is compared: readers differ in the case of its letters, and one that types in the digits of the keyboard's layout. */
export const badgeKey = (badge: string): string => plainDigits(badge.normalize('NFC').trim()).toUpperCase();

/** As a number is compared: capitals and small letters are one. */
export const numberKey = (number: string): string => number.normalize('NFC').toUpperCase();

/**
 * Letters and digits alone: the keys on the glass have no slash, dot or blank, which numbers of other programs have.
 * Digits are one in every script. Empty for a number of such signs alone.
 */
export const bareNumber = (number: string): string =>
  plainDigits(number.normalize('NFKC'))
    .toUpperCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '');
