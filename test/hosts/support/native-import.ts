/** `import()` as Node itself does it, for a module that the test runner loaded through `require`. */
export const nativeImport = (url: string): Promise<unknown> => import(url);
