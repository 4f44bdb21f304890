/** The hosts' way to Problem: they import the contract and the core, and nothing below. */
export { Problem } from '../../sync/protocol/wire/problem.ts';
