import { plainDigits } from '../contract/pin.ts';

/** Normalises a badge for comparison: readers differ in letter case, and keyboard readers in the digits of their layout. */
export const badgeKey = (badge: string): string => plainDigits(badge.normalize('NFC').trim()).toUpperCase();

/** Normalises a number for comparison, ignoring case. */
export const numberKey = (number: string): string => number.normalize('NFC').toUpperCase();

/**
 * Reduces a number to letters and digits: the on-screen keys have no slash, dot or blank, which numbers of other programs
 * contain. Digits of all scripts are equal. Empty if it has neither letters nor digits.
 */
export const bareNumber = (number: string): string =>
  plainDigits(number.normalize('NFKC'))
    .toUpperCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '');
