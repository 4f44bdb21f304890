export * from '../../electron/cli/demo/footage.ts';
export * from '../../electron/cli/demo/people.ts';
export * from './catalogue.ts';
