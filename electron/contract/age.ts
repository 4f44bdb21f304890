/** Who may agree for themselves: the core's rule, for a screen that says so before the core has to. */
export { isOfAge } from '../../sync/protocol/wire/age.ts';
